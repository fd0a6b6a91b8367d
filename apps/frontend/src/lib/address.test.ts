import { expect, test } from "vitest";
import { describePlace } from "./address";

test.each([
  ["127.0.0.1", "From the server's own machine"],
  ["::1", "From the server's own machine"],
  ["192.168.1.20", "From the local network (192.168.1.20)"],
  ["172.20.0.3", "From the local network (172.20.0.3)"],
  ["172.32.0.3", "From 172.32.0.3"],
  ["fd12:3456::1", "From the local network (fd12:3456::1)"],
  ["203.0.113.9", "From 203.0.113.9"],
  ["", "From an unknown place"],
])("%s", (address, text) => expect(describePlace(address)).toBe(text));

import { Outlet } from "@tanstack/react-router";

export function Workspace() {
  return <Outlet />;
}

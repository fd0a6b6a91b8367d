/*
 * A real nginx before a server, with the configuration of deploy/nginx as it is: only its ports, its certificate, the folder
 * of its logs, the server's address and how many connections it takes are the test's.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { freePort } from "./port.ts";

const run = promisify(execFile);
const configuration = path.resolve(import.meta.dirname, "../../../deploy/nginx/webplus.conf");

export const hostName = "chat.example.org";

/** Whether something takes connections there. */
async function answers(port: number): Promise<boolean> {
  const socket = net.connect(port, "127.0.0.1");
  return new Promise((resolve) => {
    socket.once("connect", () => (socket.destroy(), resolve(true)));
    socket.once("error", () => resolve(false));
  });
}

function replaced(text: string, from: string, to: string): string {
  if (!text.includes(from)) throw new Error(`${configuration} does not say "${from}"`);
  return text.replaceAll(from, to);
}

export class Nginx {
  readonly folder: string;
  readonly port: number;
  readonly plainPort: number;
  /** Signed by itself. */
  readonly certificate: string;
  readonly #child: ChildProcess;

  private constructor(
    folder: string,
    port: number,
    plainPort: number,
    certificate: string,
    child: ChildProcess,
  ) {
    this.folder = folder;
    this.port = port;
    this.plainPort = plainPort;
    this.certificate = certificate;
    this.#child = child;
  }

  /** With so many connections from one address, instead of what the configuration says. */
  static async start(server: { port: number }, connections = 1000): Promise<Nginx> {
    const folder = await mkdtemp(path.join(tmpdir(), "webplus-nginx-"));
    const [port, plainPort] = [await freePort(), await freePort()];
    const live = `/etc/letsencrypt/live/${hostName}`;
    let site = await readFile(configuration, "utf8");
    site = replaced(site, "listen 443 ", `listen 127.0.0.1:${port} `);
    site = replaced(site, "listen 80;", `listen 127.0.0.1:${plainPort};`);
    site = replaced(site, "http://127.0.0.1:8080", `http://127.0.0.1:${server.port}`);
    site = replaced(site, `${live}/fullchain.pem`, `${folder}/certificate.pem`);
    site = replaced(site, `${live}/privkey.pem`, `${folder}/key.pem`);
    site = replaced(site, "/var/log/nginx/", `${folder}/`);
    site = replaced(site, "addresses 1000;", `addresses ${connections};`);
    await makeCertificate(folder);
    await writeFile(path.join(folder, "site.conf"), site);
    await writeFile(path.join(folder, "nginx.conf"), around(folder));
    const child = spawn("nginx", ["-p", folder, "-c", "nginx.conf", "-e", "stderr"], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    child.stderr!.on("data", (data: Buffer) => (said += data.toString()));
    process.once("exit", () => child.kill("SIGKILL"));
    while (!(await answers(port)))
      if (child.exitCode !== null) throw new Error(`nginx ended at its start:\n${said}`);
    const certificate = await readFile(path.join(folder, "certificate.pem"), "utf8");
    return new Nginx(folder, port, plainPort, certificate, child);
  }

  /** What stands in all its logs, in those that the site did not ask for too. */
  async logs(): Promise<string> {
    const names = (await readdir(this.folder)).filter((name) => name.endsWith(".log"));
    const texts = names.map((name) => readFile(path.join(this.folder, name), "utf8"));
    return (await Promise.all(texts)).join("");
  }

  async stop(): Promise<void> {
    const gone = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await gone;
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function makeCertificate(folder: string): Promise<void> {
  const subject = ["-subj", `/CN=${hostName}`, "-addext", `subjectAltName=DNS:${hostName}`];
  await run("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
    ...["-days", "2", "-keyout", `${folder}/key.pem`, "-out", `${folder}/certificate.pem`],
    ...subject,
  ]);
}

/** What stands around a site in a distribution's nginx.conf, without its paths. */
function around(folder: string): string {
  const places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `  ${name}_temp_path ${folder}/${name};`)
    .join("\n");
  return `daemon off;
master_process off;
pid ${folder}/nginx.pid;
events {}
http {
  access_log ${folder}/access.log;
  error_log ${folder}/error.log;
${places}
  include ${folder}/site.conf;
}
`;
}

// Serves fauxqs on a free port of loopback, prints the port and ends when stdin does, which is when its parent ends.
import { register } from "node:module";

// Node before 22 has no node:sqlite. fauxqs imports it to persist queues, which is not asked for here.
const stub = "data:text/javascript,export class DatabaseSync {}";
const hook = `export const resolve = (name, context, next) =>
  name === "node:sqlite" ? { url: ${JSON.stringify(stub)}, shortCircuit: true } : next(name, context);`;
register("data:text/javascript," + encodeURIComponent(hook));

const { buildApp } = await import(process.argv[2]);
process.stdin.on("end", () => process.exit()).resume();
const app = buildApp({ logger: false });
await app.listen({ port: 0, host: "127.0.0.1" });
console.log(app.server.address().port);

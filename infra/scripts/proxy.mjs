// Opens the page and Flamenco's own (/app) at a port of this machine, with your Google identity.
import { request as askHttp, createServer } from 'node:http';
import { request as askHttps } from 'node:https';
import { pipeline } from 'node:stream';
import { Misuse, PROJECT, parseArguments, REGION } from './parts/arguments.mjs';
import { main } from './parts/main.mjs';
import { ROOT } from './parts/names.mjs';
import { createPrograms } from './parts/programs.mjs';

const KNOWN = {
  command: 'proxy',
  does: '--project ID --region REGION',
  options: {
    project: PROJECT,
    region: REGION,
    port: {
      value: 'N',
      shape: /^\d{1,5}$/,
      help: 'the port here (8080; uploads from the page work at that one only); 0 = any',
    },
    page: {
      value: 'URL',
      shape: /^https?:\/\/[^/]+$/,
      help: "the page's address, where it is not the usual one",
    },
  },
};

/** A token is fetched anew before it has this long to live. */
const TOKEN_REST_MS = 5 * 60_000;

await main(async (argv) => {
  const given = parseArguments(argv, KNOWN);
  const programs = createPrograms({ isDry: false, cwd: ROOT, show: () => {} });
  const page = new URL(given.page ?? pageOf(programs, given));
  const token = createToken(programs);
  // At once, so that somebody who is not signed in learns it here.
  token();
  const server = createServer();
  const isOurs = ({ headers: { host, origin } }) =>
    isAt(host, server) && (origin === undefined || isAt(origin.replace(/^http:\/\//, ''), server));
  server.on('request', (request, response) => {
    if (!isOurs(request))
      return void response.writeHead(403).end('This page may be used from this machine only.\n');
    const there = forward(page, request, token)
      .on('response', (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        // What breaks off on one side is broken off on the other.
        pipeline(answer, response, () => {});
      })
      .on('error', (error) => {
        if (!response.headersSent) response.writeHead(502);
        response.end(`${page.host} cannot be reached: ${error.message}\n`);
      });
    // Cloud Run is paid for as long as somebody seems to wait.
    response.on('close', () => there.destroy());
  });
  // WebSockets, for Flamenco's page.
  server.on('upgrade', (request, socket, head) => {
    if (!isOurs(request)) return void socket.destroy();
    socket.on('error', () => {});
    const asked = forward(page, request, token)
      .on('upgrade', (answer, there, rest) => {
        const lines = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}`);
        socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`);
        if (rest.length > 0) socket.write(rest);
        if (head.length > 0) there.write(head);
        pipeline(there, socket, there, () => {});
      })
      .on('response', () => socket.destroy())
      .on('error', () => socket.destroy());
    socket.on('close', () => asked.destroy());
  });
  await listen(server, Number(given.port ?? 8080));
  const at = `http://127.0.0.1:${server.address().port}`;
  process.stdout.write(`The page: ${at}\nFlamenco, while a farm is up: ${at}/app\nCtrl-C ends this.\n`);
});

async function listen(server, port) {
  try {
    await new Promise((listening, failed) => {
      server.on('error', failed);
      server.listen(port, '127.0.0.1', listening);
    });
  } catch (error) {
    const why = error.code === 'EADDRINUSE' ? 'another program listens there' : error.message;
    throw new Misuse(
      `The port ${port} cannot be used: ${why}. End that program (npm start, for one, takes 8080), or say --port 0: then all but uploads from the page works.`,
    );
  }
}

/** Known from the project's number; the service's other address would be refused by the service itself. */
function pageOf({ ask }, { project, region }) {
  const number = ask('', 'gcloud', 'projects', 'describe', project, '--format=value(projectNumber)');
  return `https://tablao-page-${number}.${region}.run.app`;
}

function createToken({ ask }) {
  let held = { text: '', until: 0 };
  return () => {
    if (Date.now() > held.until - TOKEN_REST_MS) {
      const text = ask('', 'gcloud', 'auth', 'print-identity-token');
      const claims = /^[\w-]+\.([\w-]+)\./.exec(text);
      if (claims === null) throw new Misuse('gcloud gives no identity token: gcloud auth login');
      held = { text, until: JSON.parse(Buffer.from(claims[1], 'base64url').toString()).exp * 1000 };
    }
    return held.text;
  };
}

/** Other pages in the same browser must not command the farm in your name. */
function isAt(host, server) {
  const { port } = server.address();
  return host === `127.0.0.1:${port}` || host === `localhost:${port}`;
}

/** Sends the request on, in your name; its answer is still to come. Without a token an `error` comes instead. */
function forward(page, request, token) {
  const { url, method, headers } = request;
  const ask = page.protocol === 'https:' ? askHttps : askHttp;
  // Where the browser really is: uploads go straight to Cloud Storage, which must let its page read the answers.
  const own = { host: page.host, 'x-tablao-origin': `http://${headers.host}` };
  const origin = headers.origin === undefined ? {} : { origin: page.origin };
  const there = ask(new URL(url, page), { method, headers: { ...headers, ...origin, ...own } });
  try {
    there.setHeader('authorization', `Bearer ${token()}`);
    request.pipe(there);
  } catch (error) {
    there.destroy(error);
  }
  return there;
}

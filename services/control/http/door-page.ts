import { createHash } from 'node:crypto';
import type { FastifyReply } from 'fastify';
import { PLACE_KEY } from './place-key.ts';

interface Words {
  readonly title: string;
  readonly message: string;
  readonly action: string;
  /** What there is to press. */
  readonly link: { readonly text: string; readonly to: string };
}

/** The page's colours, by night and by day. It stands alone: the page's own files are behind this door. */
const STYLE = `
:root { color-scheme: dark; --ground: #131010; --glow: #2a1713; --card: #1c1817; --line: #3a3231; --ink: #f6efe8;
  --soft: #b3a8a0; --accent: #ff6b4a; --on-accent: #1d0a05 }
@media (prefers-color-scheme: light) { :root { color-scheme: light; --ground: #f7f2ec; --glow: #ffe3d3; --card: #fffdfa;
  --line: #ddd0c4; --ink: #241a17; --soft: #675a53; --accent: #b93415; --on-accent: #fff } }
* { box-sizing: border-box; margin: 0 }
body { display: grid; place-items: center; min-height: 100vh; padding: 1.2rem; color: var(--ink);
  background: radial-gradient(60rem 26rem at 50% -9rem, var(--glow), transparent 70%) no-repeat var(--ground);
  font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: anywhere }
main { width: min(26rem, 100%); padding: 2.2rem; border: 1px solid var(--line); border-radius: 18px;
  background: var(--card); text-align: center }
svg { width: 3.2rem; margin-bottom: .8rem }
h1 { margin-bottom: .6rem; font: 600 1.7rem/1.2 "Iowan Old Style", Palatino, Georgia, serif }
p + p { margin-top: .4rem; color: var(--soft); font-size: .92rem }
a { display: inline-block; margin-top: 1.6rem; padding: .7rem 1.5rem; border-radius: 99px; background: var(--accent);
  color: var(--on-accent); font-weight: 600; text-decoration: none }
a:focus-visible { outline: 3px solid var(--ink); outline-offset: 3px }
`;

/** A link to a shot says so behind its `#`, which the way to Google and back would lose: the page looks for it there. */
const SCRIPT = `if (location.hash !== '') sessionStorage.setItem('${PLACE_KEY}', location.hash)`;

const POLICY = [
  "default-src 'none'",
  `script-src ${hashOf(SCRIPT)}`,
  `style-src ${hashOf(STYLE)}`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** What people see who are not in: a few words and a way on. Nothing is loaded. */
export function sendDoorPage(reply: FastifyReply, status: number, words: Words): FastifyReply {
  return reply
    .code(status)
    .headers({
      'content-security-policy': POLICY,
      'cache-control': 'no-store',
    })
    .type('text/html; charset=utf-8')
    .send(html(words));
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

function html({ title, message, action, link }: Words): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${escaped(title)}</title>
    <style>${STYLE}</style>
    <script>${SCRIPT}</script>
  </head>
  <body>
    <main>
      <svg viewBox="0 0 32 32" aria-hidden="true"><g fill="var(--accent)"><path d="M16 3 4 27h24z" opacity=".55"/><path d="M4 27h24v2.5H4z"/><circle cx="16" cy="3.4" r="2.4"/></g></svg>
      <h1>${escaped(title)}</h1>
      <p>${escaped(message)}</p>
      <p>${escaped(action)}</p>
      <a href="${escaped(link.to)}">${escaped(link.text)}</a>
    </main>
  </body>
</html>
`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (char) => ENTITIES[char] ?? '');
}

import type { Message } from '../../core/outbox.ts';

/** Chat programs that want a text, and nothing else that they do not know. */
const CHATS: ReadonlySet<string> = new Set(['hooks.slack.com', 'hooks.slack-gov.com']);

/** The JSON of a POST. `text` is in Slack's form, in which three signs have a meaning; `data.message` is the plain one. */
export function bodyOf({ type, at, message, data }: Message, host: string): string {
  const text = message.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  if (CHATS.has(host)) return JSON.stringify({ text });
  return JSON.stringify({ type, timestamp: new Date(at).toISOString(), text, data: { message, ...data } });
}

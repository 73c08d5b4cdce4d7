const CONTROL = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Names come from people: nothing in them may move the cursor, colour the screen, break a line or turn the writing round. */
export function plainText(text: string): string {
  return text.replace(CONTROL, '\ufffd');
}

const CONTROL = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/**
 * Names come from people: nothing in them may move the cursor, colour the screen, break a line or turn the writing round. Half
 * a sign (a log that was cut) has no UTF-8: receivers of messages refuse it.
 */
export function plainText(text: string): string {
  return text.toWellFormed().replace(CONTROL, '\ufffd');
}

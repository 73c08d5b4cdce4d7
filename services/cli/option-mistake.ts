/** What `parseArgs` of node:util complains of, as one sentence; its further advice about `--` does not fit here. */
export function optionMistake(error: unknown): string {
  return error instanceof Error ? (error.message.split('. ')[0] ?? error.message) : String(error);
}

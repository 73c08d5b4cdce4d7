/** A pipe that nobody reads any more, a terminal that was closed. */
const GONE = new Set(['EPIPE', 'EIO']);

/**
 * `… | head` reads no further, and terminals are closed: what is written then is lost, and is no reason to end in the middle of
 * a sending, or to leave a farm behind. Any other error of the output is thrown as before.
 */
export function outliveReader(output: NodeJS.WriteStream): void {
  output.on('error', (error: NodeJS.ErrnoException) => {
    if (!GONE.has(error.code ?? '')) throw error;
  });
}

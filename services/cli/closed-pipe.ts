/**
 * `… | head` reads no further: what is written then is lost, and is no reason to end in the middle of a sending, or with a
 * stack of calls. Any other error of the output is thrown as before.
 */
export function outliveClosedPipe(output: NodeJS.WriteStream): void {
  output.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

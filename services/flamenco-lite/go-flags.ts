/** Flags as Go programs take them (`-manager URL`) in the form of `parseArgs` (`--manager URL`). */
export function goFlags(args: readonly string[]): string[] {
  return args.map((arg) => (/^-[a-z]/i.test(arg) ? `-${arg}` : arg));
}

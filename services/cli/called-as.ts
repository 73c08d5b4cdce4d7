/** How a command is typed where this one was: through npm in Tablao's own folder, or as the installed `tablao`. */
export function calledAs(
  command: 'submit' | 'pull',
  { npm_lifecycle_event: script }: NodeJS.ProcessEnv,
): string {
  return script === 'submit' || script === 'pull' ? `npm run ${command} --` : `tablao ${command}`;
}

/** This platform in Go's words, which are Flamenco's. */
export function goPlatform(): string {
  return process.platform === 'win32' ? 'windows' : process.platform;
}

/** Splits a command line as a shell would: quotes and backslashes, `#` starts a comment, nothing is expanded. */
export function shellSplit(line: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote: '"' | "'" | null = null;
  for (let index = 0; index < line.length; index++) {
    const char = line.charAt(index);
    if (char === '\\' && quote !== "'") {
      index++;
      if (index >= line.length) throw new Error('EOF found after escape character');
      word = (word ?? '') + line.charAt(index);
    } else if (quote !== null) {
      if (char === quote) quote = null;
      else word = (word ?? '') + char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (/\s/.test(char)) {
      if (word !== null) words.push(word);
      word = null;
    } else if (char === '#' && word === null) {
      index = endOfLine(line, index);
    } else {
      word = (word ?? '') + char;
    }
  }
  if (quote !== null) throw new Error('EOF found when expecting closing quote');
  if (word !== null) words.push(word);
  return words;
}

function endOfLine(line: string, from: number): number {
  const end = line.indexOf('\n', from);
  return end < 0 ? line.length : end;
}

const MAX_PATH_BYTES = 1024;
const MAX_PART_BYTES = 255;

/** Why a path cannot be the name of an object in a bucket, as a sentence; `null` = it can. */
export function pathProblem(path: string): string | null {
  if (path === '') return 'it is empty';
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) return `it is longer than ${MAX_PATH_BYTES} bytes`;
  // A lone surrogate has no UTF-8: two such names would become one.
  if (!path.isWellFormed()) return 'it is no proper Unicode';
  if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(path)) return 'it has control characters';
  if (path.includes('\\')) return 'it has a backslash; folders are separated by /';
  if (path.startsWith('/')) return 'it begins with /; paths are inside the bucket';
  for (const part of path.split('/')) {
    const problem = partProblem(part);
    if (problem !== null) return problem;
  }
  return null;
}

/** Further rules for what people upload. */
export function uploadPathProblem(path: string): string | null {
  const problem = pathProblem(path);
  if (problem !== null) return problem;
  if (path.split('/').some((part) => part.startsWith('.')))
    return 'a name in it begins with a dot; such files are left out of the scenes';
  if (/[{}]/.test(path) && /\.blend$/i.test(path))
    return 'it has { or }, which Flamenco would take for a variable; rename the .blend';
  return null;
}

function partProblem(part: string): string | null {
  if (part === '') return 'it has an empty folder name (// or / at the end)';
  if (part === '.' || part === '..') return 'it has . or .. as a folder; paths are inside the bucket';
  if (Buffer.byteLength(part) > MAX_PART_BYTES) return `a name in it is longer than ${MAX_PART_BYTES} bytes`;
  return null;
}

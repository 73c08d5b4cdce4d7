import {
  appendFileSync,
  closeSync,
  mkdirSync,
  openSync,
  readSync,
  rmdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';

/** Flamenco: tailSize in internal/manager/task_logs/task_logs.go. */
const tailBytes = 2_048;

/** The path below which the manager serves these files. */
export const jobFilesPrefix = '/job-files';

/** The manager's own files about jobs: task logs and last-rendered images, laid out as Flamenco does. */
export interface JobFiles {
  readonly folder: (jobId: string) => string;
  /** The URL path of a file or folder of this storage. */
  readonly url: (path: string) => string;
  /** The file that a URL path below the prefix names; `null` when it would lie outside. */
  readonly fileAt: (urlPath: string) => string | null;
  readonly appendLog: (jobId: string, taskId: string, text: string) => void;
  readonly logPath: (jobId: string, taskId: string) => string;
  /** Bytes; 0 without a log. */
  readonly logSize: (jobId: string, taskId: string) => number;
  /** The last lines, at most 2 KiB; `''` without a log. */
  readonly logTail: (jobId: string, taskId: string) => string;
  readonly removeJob: (jobId: string) => void;
}

export function openJobFiles(root: string): JobFiles {
  const folder = (jobId: string) => join(root, `job-${jobId.slice(0, 4)}`, jobId);
  const logPath = (jobId: string, taskId: string) => join(folder(jobId), `task-${taskId}.txt`);
  return {
    folder,
    logPath,
    url: (path) => `${jobFilesPrefix}/${relative(root, path).split(sep).join('/')}`,
    fileAt: (urlPath) => {
      const path = resolve(root, `.${sep}${urlPath}`);
      return path.startsWith(resolve(root) + sep) ? path : null;
    },
    appendLog: (jobId, taskId, text) => appendLog(logPath(jobId, taskId), text),
    logSize: (jobId, taskId) => sizeOf(logPath(jobId, taskId)),
    logTail: (jobId, taskId) => tail(logPath(jobId, taskId)),
    removeJob: (jobId) => removeFolder(folder(jobId)),
  };
}

/** Appends whole lines. Done at once rather than later, so that lines keep their order. */
function appendLog(path: string, text: string): void {
  if (text === '') return;
  mkdirSync(dirname(path), { recursive: true });
  appendFileSync(path, text.endsWith('\n') ? text : `${text}\n`);
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function tail(path: string): string {
  const size = sizeOf(path);
  if (size === 0) return '';
  const bytes = Buffer.alloc(Math.min(size, tailBytes));
  const file = openSync(path, 'r');
  try {
    readSync(file, bytes, 0, bytes.length, size - bytes.length);
  } finally {
    closeSync(file);
  }
  return size > tailBytes ? withoutFirstLine(bytes) : bytes.toString('utf8');
}

/** The cut is most likely amid a line; a single long line is kept as it is. */
function withoutFirstLine(bytes: Buffer): string {
  const newline = bytes.indexOf(0x0a);
  const isWithin = newline >= 0 && newline < bytes.length - 1;
  return bytes.subarray(isWithin ? newline + 1 : 0).toString('utf8');
}

function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  try {
    rmdirSync(dirname(folder));
  } catch {
    // Other jobs share the folder above, or it was never made.
  }
}

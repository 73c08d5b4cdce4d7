import { delimiter, dirname } from 'node:path';
import { findProgram, pathFolders, type Surroundings } from './find-program.ts';

/** What Flamenco, Blender and ffmpeg may see of our surroundings. */
const PASSED_ON =
  /^(?:HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_.*|TZ|TMPDIR|TEMP|TMP|DISPLAY|WAYLAND_DISPLAY|XDG_RUNTIME_DIR|XAUTHORITY|CUDA_.*|NVIDIA_.*|HIP_.*|ROCR_.*|ONEAPI_.*|SYCL_.*|FLAMENCO_LITE_.*|SystemRoot|SystemDrive|windir|ComSpec|PATHEXT|APPDATA|LOCALAPPDATA|USERPROFILE|HOMEDRIVE|HOMEPATH|ProgramData|ProgramFiles.*|NUMBER_OF_PROCESSORS|PROCESSOR_.*)$/i;

const USUAL_FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/**
 * The environment of the farm's processes: known names only, since a Python set-up (PYTHONHOME, a virtual environment
 * first on the PATH) breaks the Python inside Blender, and npm's and Node's variables are nobody's business there.
 */
export async function plainEnvironment(surroundings: Surroundings): Promise<Record<string, string>> {
  const passedOn = Object.entries(surroundings.env).filter(
    (entry): entry is [string, string] => PASSED_ON.test(entry[0]) && entry[1] !== undefined,
  );
  return { ...Object.fromEntries(passedOn), PATH: (await plainPath(surroundings)).join(delimiter) };
}

/** The usual folders, then the one where ffmpeg is: the preview video wants it by name. */
async function plainPath(surroundings: Surroundings): Promise<readonly string[]> {
  const folders = pathFolders(surroundings);
  if (surroundings.platform === 'win32') return folders;
  const ffmpeg = await findProgram('ffmpeg', folders, surroundings.platform);
  if (ffmpeg === null || USUAL_FOLDERS.includes(dirname(ffmpeg))) return USUAL_FOLDERS;
  return [...USUAL_FOLDERS, dirname(ffmpeg)];
}

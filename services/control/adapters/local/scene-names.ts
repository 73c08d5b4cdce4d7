/** Endings of files that browsers, sync clients and Blender itself use for what is not (or no longer) the thing itself. */
const NOT_THE_THING = /(?:\.blend\d+|~|\.part|\.partial|\.crdownload|\.tmp|\.temp)$/i;
/** Blender saves to `name.blend@` and renames. */
const BLENDER_SAVING = /\.blend@$/i;

/** Whether a file or folder of this name belongs to the scenes bucket. */
export function isSceneFileName(name: string): boolean {
  return !name.startsWith('.') && !NOT_THE_THING.test(name) && !BLENDER_SAVING.test(name);
}

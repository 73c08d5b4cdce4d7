/** Files by their path: `film/sh010.blend` of a folder `film`, `sh010.blend` of a file. */
export type Dropped = ReadonlyMap<string, File>;

/** Blender's own backups, and what begins with a dot, belong to no shot; the service takes no such names. */
function isLeftOut(path: string): boolean {
  return path.split('/').some((part) => part.startsWith('.')) || /\.blend\d+$/i.test(path);
}

/** What was dropped, folders to their bottom. The list is only there until the event has been handled. */
export async function filesOfDrop(transfer: DataTransfer): Promise<Dropped> {
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  const loose = [...transfer.files];
  const files = new Map<string, File>();
  for (const entry of entries) await addEntry(files, entry, '');
  // Some browsers give files of a drop that are no entries.
  if (entries.length === 0) for (const file of loose) add(files, file.name, file);
  return files;
}

/** What was chosen with a button: of a folder with the paths in it. */
export function filesOfInput(list: FileList): Dropped {
  const files = new Map<string, File>();
  for (const file of list)
    add(files, file.webkitRelativePath === '' ? file.name : file.webkitRelativePath, file);
  return files;
}

function add(files: Map<string, File>, path: string, file: File): void {
  if (!isLeftOut(path)) files.set(path, file);
}

async function addEntry(files: Map<string, File>, entry: FileSystemEntry, folder: string): Promise<void> {
  const path = folder + entry.name;
  if (isLeftOut(path)) return;
  if (isFile(entry)) add(files, path, await new Promise<File>((done, fail) => entry.file(done, fail)));
  else
    for (const child of await childrenOf(entry as FileSystemDirectoryEntry))
      await addEntry(files, child, `${path}/`);
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}

/** A reader hands out a hundred at a time, until there are none. */
async function childrenOf(folder: FileSystemDirectoryEntry): Promise<readonly FileSystemEntry[]> {
  const reader = folder.createReader();
  const children: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((done, fail) => reader.readEntries(done, fail));
    if (some.length === 0) return children;
    children.push(...some);
  }
}

import type { DriverFacts } from './content-facts.ts';
import { filesOf } from './external.ts';
import {
  BlendError,
  type BlendFacts,
  type ExternalFile,
  type LinkedImage,
  type SceneFacts,
} from './facts.ts';
import type { Header } from './header.ts';
import { createImageUsers } from './image-users.ts';
import { createOutputNodes } from './output-nodes.ts';
import type { RecordView } from './record.ts';
import { type OwnSceneFacts, readScene } from './scene.ts';
import { isPlain, type Scope } from './scope.ts';
import { driversOf, runsAtLoad } from './scripts.ts';
import { createSimulations } from './simulations.ts';
import { type SceneStrip, sceneStrips } from './strips.ts';

const MAX_SCENES = 10_000;
/** A sequencer with a day of pictures has two million; nobody reads such a list, and each entry is memory. */
const MAX_FILES = 200_000;
const MAX_PATH_CHARACTERS = 32 * 1024 * 1024;
const MAX_DRIVERS = 10_000;
const MAX_LINKED_IMAGES = 10_000;
const MAX_WARNINGS = 100;

type Collected = Omit<BlendFacts, 'compression' | 'blenderVersion' | 'bytesTotal' | 'bytesRead'>;

export type Findings = ReturnType<typeof createFindings>;

/** Gathers what is told of one data-block after the other. */
export function createFindings(header: Header) {
  const scenes: KnownScene[] = [];
  const linkedScenes = new Map<bigint, string>();
  const linkedImages = new Map<bigint, LinkedImage>();
  const files = createFileList();
  const images = createImageUsers(header.version);
  const simulations = createSimulations();
  const outputNodes = createOutputNodes();
  const strips: SceneStrip[] = [];
  const runAtLoad: string[] = [];
  const drivers: DriverFacts[] = [];
  const warnings: string[] = [];
  let global: RecordView | null = null;
  let library = '';

  const warn = (text: string): undefined => {
    if (warnings.length < MAX_WARNINGS && !warnings.includes(text)) warnings.push(text);
  };
  const addScene = (scope: Scope): void => {
    if (scenes.length >= MAX_SCENES) throw new BlendError('tooLarge', `more than ${MAX_SCENES} scenes`);
    const savedBy = { version: header.version, subversion: global?.number('subversion') ?? 0 };
    const background = scope.record.pointer('set') ?? 0n;
    scenes.push({ old: scope.old, background, facts: readScene(scope, savedBy, warn) });
  };
  /** What is linked stands behind its library. */
  const addLinked = (scope: Scope): void => {
    const code = scope.record.text('name')?.slice(0, 2);
    if (code === 'SC') linkedScenes.set(scope.old, scope.name);
    if (code !== 'IM') return;
    if (linkedImages.size >= MAX_LINKED_IMAGES)
      warn(`More than ${MAX_LINKED_IMAGES} images of libraries are linked: not all are listed.`);
    else linkedImages.set(scope.old, { library, name: scope.name });
  };
  const addDrivers = (scope: Scope): void => {
    const more = driversOf(scope);
    if (drivers.length + more.length > MAX_DRIVERS)
      warn(`More than ${MAX_DRIVERS} drivers have expressions: not all are listed.`);
    drivers.push(...more.slice(0, MAX_DRIVERS - drivers.length));
  };

  return {
    warn,
    setGlobal: (record: RecordView): undefined => {
      global = record;
    },
    /** Takes note of a data-block whose DATA was all seen. */
    add: (scope: Scope): void => {
      if (scope.code === 'ID') addLinked(scope);
      if (scope.code === 'LI') library = filesOf(scope)[0]?.path ?? '';
      if (scope.isLinked) return;
      if (!scope.isComplete) warn(`"${scope.name}" holds more than is read: something may be overlooked.`);
      if (scope.code === 'SC') {
        addScene(scope);
        strips.push(...sceneStrips(scope));
      }
      if (!files.add(scope.old, filesOf(scope)))
        warn(`It refers to more than ${MAX_FILES} files: not all are listed.`);
      images.add(scope);
      simulations.add(scope);
      outputNodes.add(scope);
      if (runsAtLoad(scope)) runAtLoad.push(scope.name);
      if (!isPlain(scope)) addDrivers(scope);
    },
    /** The scene that would be rendered is known: what comes later in the file cannot change it. */
    hasSettings: (): boolean => {
      const active = global?.pointer('curscene') ?? null;
      return active !== null && scenes.some((scene) => scene.old === active);
    },
    all: (): Collected => {
      const active = nameActive(global?.pointer('curscene') ?? null, scenes, linkedScenes);
      const backgrounds = nameBackgrounds(scenes, linkedScenes);
      const isRetimed = areRetimed(strips, scenes);
      return {
        activeScene: active.name,
        scenes: backgrounds.scenes,
        externalFiles: files.all(images.shownBy, isRetimed),
        linkedImages: [...linkedImages].filter(([old]) => images.isShown(old)).map(([, image]) => image),
        isRetimed,
        scripts: { runAtLoad, drivers },
        simulations: simulations.all(),
        outputNodes: outputNodes.all(),
        warnings: [
          ...warnings,
          ...backgrounds.warnings,
          ...(active.warning === null ? [] : [active.warning]),
        ],
      };
    },
  };
}

/** All references once, in the order of the file. */
function createFileList() {
  const listed = new Map<string, { readonly file: ExternalFile; readonly image: bigint | null }>();
  let characters = 0;
  return {
    /** False when there are too many. */
    add: (owner: bigint, files: readonly ExternalFile[]): boolean => {
      for (const file of files) {
        if (listed.size >= MAX_FILES || characters > MAX_PATH_CHARACTERS) return false;
        const key = `${file.kind === 'image' ? owner : ''}${JSON.stringify(file)}`;
        listed.set(key, { file, image: file.kind === 'image' ? owner : null });
        characters += key.length;
      }
      return true;
    },
    all: (
      shownBy: ReturnType<typeof createImageUsers>['shownBy'],
      isRetimed: boolean,
    ): readonly ExternalFile[] =>
      [...listed.values()].map(({ file, image }) => {
        if (image !== null) return { ...file, ...shownBy(image, file.source, isRetimed) };
        const { onFrames: _, shown: __, ...others } = file;
        return isRetimed ? others : file;
      }),
  };
}

interface KnownScene {
  readonly old: bigint;
  /** Address of its background scene; 0n = none. */
  readonly background: bigint;
  readonly facts: OwnSceneFacts;
}

/** Whether strips show scenes on other frames than their own: which files they need on which frame is not told then. */
function areRetimed(strips: readonly SceneStrip[], scenes: readonly KnownScene[]): boolean {
  const starts = new Map(scenes.map(({ old, facts }) => [old, facts.frameStart]));
  return strips.some(({ scene, start }) => starts.has(scene) && starts.get(scene) !== start);
}

/** Names of linked scenes stand behind all local ones: as long as only settings are known they are not. */
function nameBackgrounds(
  known: readonly KnownScene[],
  linkedScenes: ReadonlyMap<bigint, string>,
): { readonly scenes: readonly SceneFacts[]; readonly warnings: readonly string[] } {
  const names = new Map([...linkedScenes, ...known.map(({ old, facts }) => [old, facts.name] as const)]);
  const nameOf = (address: bigint) => (address === 0n ? null : (names.get(address) ?? null));
  return {
    scenes: known.map(({ background, facts }) => ({ ...facts, backgroundScene: nameOf(background) })),
    warnings: known
      .filter(({ background }) => background !== 0n && !names.has(background))
      .slice(0, MAX_WARNINGS)
      .map(({ facts }) => `Scene "${facts.name}": its background scene is none of this file's own.`),
  };
}

/** Blender renders the scene that was open when the file was saved; where that is gone, the first. */
function nameActive(
  address: bigint | null,
  scenes: readonly KnownScene[],
  linkedScenes: ReadonlyMap<bigint, string>,
): { readonly name: string | null; readonly warning: string | null } {
  const own = scenes.find((scene) => scene.old === address);
  if (own) return { name: own.facts.name, warning: null };
  const linked = address === null ? undefined : linkedScenes.get(address);
  if (linked !== undefined) {
    const warning = `The active scene "${linked}" is linked from another file: its settings are there, not in this one.`;
    return { name: null, warning };
  }
  const first = scenes[0]?.facts.name ?? null;
  const warning =
    first === null ? 'The file has no scene.' : `The file names no active scene: taking "${first}".`;
  return { name: first, warning };
}

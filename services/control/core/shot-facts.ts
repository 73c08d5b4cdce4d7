import type { SequenceUse } from './sequence.ts';

/** What a scene of a .blend says about its render, as far as decisions need it. */
export interface SceneFacts {
  readonly name: string;
  readonly frameStart: number;
  readonly frameEnd: number;
  readonly frameStep: number;
  /** Frames per second, the base already divided in. */
  readonly fps: number;
  readonly resolutionX: number;
  readonly resolutionY: number;
  readonly resolutionPercent: number;
  readonly engine: string;
  readonly samples: number | null;
  readonly outputPath: string;
  /** Blender's own name: `PNG`, `OPEN_EXR`…; `null` = the reader does not know it. */
  readonly fileFormat: string | null;
  readonly isMovie: boolean;
  readonly canRender: boolean;
  readonly viewLayers: readonly string[];
  /** File name suffixes of the views, `null` = mono. */
  readonly viewSuffixes: readonly string[] | null;
  readonly useDenoising: boolean | null;
  readonly device: 'CPU' | 'GPU' | null;
}

/** Something outside that a .blend refers to. */
export interface FileReference {
  /** As stored: `//textures/wood.png` is relative to the .blend. */
  readonly path: string;
  readonly kind: string;
  /** The data-block that refers to it, for people. */
  readonly owner: string;
  /** Only perhaps needed (a cache folder that is always filled in): never waited for, but pinned when it is there. */
  readonly isOptional: boolean;
  /** What the path stands for; absent = the one file that it names. */
  readonly shape?: 'sequence' | 'tiles' | 'folder';
  /** Which file of a sequence is shown when, one entry a user; absent = not known. */
  readonly shown?: readonly SequenceUse[];
  /** The tiles of a texture, such as 1001; absent = not known. */
  readonly tiles?: readonly number[];
  /** The scene's frames on which it is visible; absent = not known. */
  readonly onFrames?: { readonly from: number; readonly to: number };
}

export interface ShotFacts {
  /** `3.4` */
  readonly blenderVersion: string;
  readonly activeScene: string | null;
  readonly scenes: readonly SceneFacts[];
  readonly references: readonly FileReference[];
  /** Images of libraries that it shows by itself; absent = none are known. */
  readonly linkedImages?: readonly { readonly library: string; readonly name: string }[];
  /** It shows its scenes on other frames than their own, so that what libraries say of frames does not hold. */
  readonly isRetimed?: boolean;
  /** Drivers that Blender evaluates only where scripts may run; absent = not known. */
  readonly scriptedDrivers?: readonly ScriptedDriver[];
  readonly warnings: readonly string[];
}

export interface ScriptedDriver {
  /** The data-block that it drives, for people. */
  readonly owner: string;
  readonly expression: string;
}

/** A .blend could not be read, and will not be until it is uploaded anew. */
export interface ReadFailure {
  readonly code: string;
  readonly message: string;
}

export function findScene(facts: ShotFacts, name: string | null): SceneFacts | null {
  return facts.scenes.find((scene) => scene.name === name) ?? null;
}

/** The scene that a plain render of the file renders. */
export function activeSceneOf(facts: ShotFacts): SceneFacts | null {
  return findScene(facts, facts.activeScene) ?? facts.scenes[0] ?? null;
}

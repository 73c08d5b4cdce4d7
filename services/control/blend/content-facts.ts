// What a .blend holds besides its settings that decides whether a farm renders the same pictures as its author.

/** Python that comes with the file. Blender runs none of it unless it is told to. */
export interface ScriptFacts {
  /** Names of the texts that are registered to run when the file is loaded. */
  readonly runAtLoad: readonly string[];
  /** Drivers with an expression, those that need no scripts included. */
  readonly drivers: readonly DriverFacts[];
}

export interface DriverFacts {
  /** Name of the data-block that is driven, without its two-letter code. */
  readonly owner: string;
  readonly expression: string;
  /** Blender evaluates it without Python. Others fail silently when scripts are off: exit 0, a wrong picture. */
  readonly isSimple: boolean;
}

export type SimulationKind =
  | 'cloth'
  | 'softBody'
  | 'particles'
  | 'hair'
  | 'fluid'
  | 'smoke'
  | 'rigidBody'
  | 'dynamicPaint'
  | 'simulationZone';

/** A simulation that takes part in a render: unbaked, its frames are only right when they are rendered in order. */
export interface SimulationFacts {
  readonly kind: SimulationKind;
  /** Name of its object; of its scene for rigid bodies. */
  readonly owner: string;
  /** Null where only the files of its cache can tell. */
  readonly isBaked: boolean | null;
  /** Its results lie in files beside the .blend, not in it. */
  readonly isOnDisk: boolean;
  /** First and last frame that are simulated; null where the file does not say. */
  readonly frames: { readonly start: number; readonly end: number } | null;
}

/** A File Output node: pictures that are written besides a scene's own. */
export interface OutputNodeFacts {
  /** Scene whose compositor it stands in; null for a group that others may use, or that is used by no scene. */
  readonly scene: string | null;
  /** Name of the node tree; null for a scene's own, as all were until Blender 5. */
  readonly tree: string | null;
  readonly node: string;
  readonly isMuted: boolean;
  /** Folder, as stored; for a multi-layer file and since Blender 5 what names of files begin with, too. */
  readonly basePath: string;
  /** Since Blender 5: what names of files begin with. Null before. */
  readonly fileName: string | null;
  /** Blender's Python name, or `unknown`. */
  readonly fileFormat: string;
  /** Of its inputs in order: a file name each, or the layers of one multi-layer file. */
  readonly names: readonly string[];
}

// What is kept while all blocks go by. Everything else is neither read nor remembered.

/** Types of data-blocks whose struct is kept whole. Of all others only the name is. */
export const WHOLE_CODES: ReadonlySet<string> = new Set([
  'LI',
  'IM',
  'SO',
  'VF',
  'MC',
  'CF',
  'VO',
  'TX',
  'TE',
  'PA',
  'NT',
  'ME',
  'CA',
]);

/** Structs in the DATA of a scene that its settings and its sequencer stand in. */
export const SCENE_STRUCTS: ReadonlySet<string> = new Set([
  'ViewLayer',
  'SceneRenderLayer',
  'SceneRenderView',
  'TimeMarker',
  'Editing',
  'Sequence',
  'SeqTimelineChannel',
  'Strip',
  'StripElem',
  'RigidBodyWorld',
  'RigidBodyWorld_Shared',
]);

/** Structs in the DATA of a mesh that knows a file of its own for layers. */
export const LAYER_FILE_STRUCTS: ReadonlySet<string> = new Set(['CustomDataLayer', 'CustomDataExternal']);

/** Structs in the DATA of any data-block. */
export const DATA_STRUCTS: ReadonlySet<string> = new Set([
  'IDProperty',
  'ImageTile',
  // files and caches
  'CacheFileLayer',
  'MeshCacheModifierData',
  'OceanModifierData',
  'FluidModifierData',
  'FluidDomainSettings',
  'SmokeModifierData',
  'SmokeDomainSettings',
  'PointCache',
  'ClothModifierData',
  'SoftBody',
  'SoftBody_Shared',
  'SoftbodyModifierData',
  'ParticleSystem',
  'ParticleSystemModifierData',
  'DynamicPaintModifierData',
  'DynamicPaintCanvasSettings',
  'DynamicPaintSurface',
  'NodesModifierData',
  'NodesModifierBake',
  'NodesModifierDataBlock',
  // nodes, and what shows an image
  'bNodeTree',
  'bNode',
  'bNodeSocket',
  'bNodeSocketValueImage',
  'bNodeSocketValueString',
  'NodeShaderTexIES',
  'NodeShaderScript',
  'NodeTexImage',
  'NodeTexEnvironment',
  'NodeCryptomatte',
  'ImageUser',
  'MaterialGPencilStyle',
  'NodeImageMultiFile',
  'NodeImageMultiFileSocket',
  'NodeCompositorFileOutputItem',
  // scripts
  'ChannelDriver',
  'DriverVar',
]);

/** Pointers to text that stands in a block of its own, which has no struct to know it by. */
export const RAW_POINTERS: ReadonlyMap<string, readonly string[]> = new Map([
  ['NodesModifierData', ['simulation_bake_directory']],
  ['NodesModifierBake', ['directory']],
  ['NodeImageMultiFile', ['file_name']],
  ['NodeCompositorFileOutputItem', ['name']],
]);

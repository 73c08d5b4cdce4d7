import type { OutputNodeFacts, SimulationFacts } from '../control/blend/content-facts.ts';
import type { BlendFacts } from '../control/blend/facts.ts';
import { plainText } from '../control/core/plain-text.ts';

const SIMULATIONS: Readonly<Record<SimulationFacts['kind'], string>> = {
  cloth: 'cloth',
  softBody: 'soft body',
  particles: 'particles',
  hair: 'hair dynamics',
  fluid: 'fluid',
  smoke: 'smoke',
  rigidBody: 'rigid bodies',
  dynamicPaint: 'dynamic paint',
  simulationZone: 'simulation zone',
};

/** What else a farm must know of: scripts, simulations, other outputs. Nothing where there is none. */
export function describeNeeds(facts: BlendFacts): readonly string[] {
  const { runAtLoad, drivers } = facts.scripts;
  const scripts = [
    ...runAtLoad.map((name) => `${'at load'.padEnd(18)}${name}`),
    ...drivers
      .filter((driver) => !driver.isSimple)
      .map((driver) => `${'driver'.padEnd(18)}${driver.expression}  ← ${driver.owner}`),
  ];
  return [
    ...section('Python that it brings', scripts),
    ...section('Simulations', facts.simulations.map(simulation)),
    ...section('Other outputs', facts.outputNodes.map(outputNode)),
  ];
}

function simulation({ kind, owner, isBaked, isOnDisk }: SimulationFacts): string {
  const bake = isBaked === null ? 'its cache tells whether it is baked' : isBaked ? 'baked' : 'not baked';
  return `${SIMULATIONS[kind].padEnd(18)}${owner} (${bake}${isOnDisk ? ', on disk' : ''})`;
}

function outputNode(node: OutputNodeFacts): string {
  const place = node.basePath + (node.fileName ?? '');
  const muted = node.isMuted ? ', muted' : '';
  return `${node.fileFormat.padEnd(20)}${place}  ${node.names.join(', ')}${muted}  ← ${node.scene ?? node.tree}`;
}

function section(title: string, rows: readonly string[]): readonly string[] {
  return rows.length === 0 ? [] : ['', `  ${title}`, ...rows.map((row) => `    ${plainText(row)}`)];
}

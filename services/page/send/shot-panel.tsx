import { useId } from 'preact/hooks';
import { bytesText, plural, splitName } from '../format.ts';
import { knownSettings } from '../known-settings.ts';
import type { Typed } from '../setting-fields.ts';
import { SettingsForm } from '../settings-form.tsx';
import { MissingList } from '../shot/inputs.tsx';
import { Warnings } from '../shot-card.tsx';
import type { ShotFound } from './project.ts';

interface Props {
  readonly shot: ShotFound;
  readonly missing: ShotFound['missing'];
  readonly isChosen: boolean;
  readonly onChosen: (isChosen: boolean) => void;
  readonly typed: Typed;
  readonly onTyped: (typed: Typed) => void;
}

/** A shot before it is sent: what the .blend says, what is missing, and the settings of its run. */
export function ShotPanel({ shot, missing, isChosen, onChosen, typed, onTyped }: Props) {
  const id = useId();
  const { folder, name } = splitName(shot.path);
  return (
    <section
      class={`panel found ${missing.length > 0 || shot.problem !== null ? 'wait' : 'good'}`}
      aria-label={shot.path}
    >
      <header>
        <h2>
          <input
            id={id}
            type="checkbox"
            checked={isChosen}
            onChange={(event) => onChosen(event.currentTarget.checked)}
          />{' '}
          <label for={id}>
            <span class="folder">{folder}</span>
            <bdi>{name}</bdi>
          </label>
        </h2>
        <span class="soft">{bytesText(shot.size)}</span>
      </header>
      {isChosen && (
        <>
          <p class="numbers">{factsText(shot)}</p>
          {shot.problem !== null && (
            <p class="notice" role="alert">
              {shot.problem}
            </p>
          )}
          {missing.length > 0 ? (
            <>
              <p class="reason">
                <strong>{plural(missing.length, 'file')} missing.</strong> Put{' '}
                {missing.length === 1 ? 'it' : 'them'} into the folder and choose it again; sent as it is, the
                shot waits for {missing.length === 1 ? 'it' : 'them'}.
              </p>
              <MissingList missing={missing} />
            </>
          ) : (
            <p class="complete">
              ✓ Everything that it refers to is here: {plural(shot.there.length, 'file')}.
            </p>
          )}
          <Warnings warnings={shot.warnings} />
          <SettingsForm typed={typed} onTyped={onTyped} known={knownSettings(shot.settings)} />
        </>
      )}
    </section>
  );
}

function factsText({ blenderVersion, scene, settings }: ShotFound): string {
  if (scene === null || settings === null) return `Blender ${blenderVersion}`;
  const scale = settings.resolutionPercent.value / 100;
  const [width, height] = [scene.resolutionX, scene.resolutionY].map((size) => Math.trunc(size * scale));
  return [
    `frames ${settings.frames.value}`,
    `${width} × ${height}`,
    engineText(scene.engine),
    settings.samples.value === null ? '' : plural(settings.samples.value, 'sample'),
    scene.device === null ? '' : scene.device,
    `Blender ${blenderVersion}`,
  ]
    .filter((text) => text !== '')
    .join(' · ');
}

function engineText(engine: string): string {
  const names: Readonly<Record<string, string>> = {
    CYCLES: 'Cycles',
    BLENDER_EEVEE: 'EEVEE',
    BLENDER_EEVEE_NEXT: 'EEVEE',
    BLENDER_WORKBENCH: 'Workbench',
  };
  return names[engine] ?? engine;
}

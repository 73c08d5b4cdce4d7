import type { StatusDocument } from '../control/core/status-document.ts';
import { useDesk } from './desk.ts';
import { costOfHour, isUp, lostByTeardown } from './glance.ts';

const AN_HOUR = { minutes: 60 };

/** What a person may do with the farm as a whole; each asks first where something is lost or paid for. */
export function Controls({ status }: { readonly status: StatusDocument }) {
  const { act, isSure } = useDesk();
  const up = isUp(status);

  async function pause(): Promise<void> {
    const lines = ['Nothing new is begun until you resume. What renders goes on.'];
    if (await isSure({ title: 'Pause new work?', lines, verb: 'Pause' })) await act('/farm/pause');
  }

  async function keepAwake(): Promise<void> {
    const title = up ? 'Keep the farm up for an hour?' : 'Wake the farm for an hour?';
    const lines = [
      up
        ? 'It stays up for an hour although nothing may need it: the next shot starts at once.'
        : 'It is raised although nothing needs it yet, and kept for an hour.',
      costOfHour(status),
    ];
    if (await isSure({ title, lines, verb: up ? 'Keep it up' : 'Wake it' })) await act('/farm/wake', AN_HOUR);
  }

  async function takeDown(): Promise<void> {
    const question = {
      title: 'Take everything down now?',
      lines: lostByTeardown(status),
      verb: 'Take it down',
    };
    if (await isSure({ ...question, isDangerous: true })) await act('/farm/teardown');
  }

  return (
    <section class="controls" aria-label="Controls of the farm">
      {status.farm.isPaused ? (
        <button type="button" class="primary" onClick={() => act('/farm/resume')}>
          Resume
        </button>
      ) : (
        <button type="button" onClick={pause}>
          Pause new work
        </button>
      )}
      <button type="button" onClick={keepAwake}>
        {up ? 'Keep awake an hour' : 'Wake'}
      </button>
      {up && (
        <button type="button" class="danger" onClick={takeDown}>
          Take down now
        </button>
      )}
      {(status.farm.stage === 'ready' || status.farm.stage === 'letting-go') && (
        <a class="button" href="/app/" target="_blank" rel="noreferrer">
          Flamenco ↗
        </a>
      )}
    </section>
  );
}

import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { createProgress } from '../../services/cli/progress.ts';
import { cutTo, durationText, fitTo, widthOf } from '../../services/cli/terminal-text.ts';
import { plainText } from '../../services/control/core/plain-text.ts';
import type { RunStatus, StatusDocument } from '../../services/control/core/status-document.ts';
import { aStatus } from '../http/app-for-tests.ts';

function aRun(overrides: Partial<RunStatus> = {}): RunStatus {
  return {
    id: 'r1',
    shot: 'film/sh010',
    version: 'v001',
    state: 'rendering',
    since: '2026-11-24T09:05:10.000Z',
    reason: null,
    frames: { total: 24, done: 6, active: 1, failed: 0 },
    etaSeconds: { p10: 60, p50: 90, p90: 200 },
    dollars: { p10: 0, p50: 0, p90: 0, soFar: 0 },
    thumbnail: null,
    warnings: [],
    ...overrides,
  };
}

function screen(options: { isTTY: boolean; columns?: number; rows?: number }) {
  const out = Object.assign(new PassThrough({ encoding: 'utf8' }), {
    columns: options.columns ?? 100,
    rows: options.rows ?? 24,
  });
  const progress = createProgress({ out, isTTY: options.isTTY, now: () => Date.UTC(2026, 10, 24, 9, 5, 7) });
  return {
    ...progress,
    written: (): string => String(out.read() ?? ''),
  };
}

/** What a terminal would show after this output. */
function visible(output: string): readonly string[] {
  const lines: string[] = [''];
  let row = 0;
  for (const [token] of output.matchAll(/\u001b\[\d+[A-Z]|\r|\n|[^\u001b\r\n]+/g)) {
    const code = /^\u001b\[(\d+)([A-Z])$/.exec(token);
    if (code?.[2] === 'A') row -= Number(code[1]);
    else if (code?.[2] === 'J') lines.splice(row, lines.length, '');
    else if (token === '\n') row += 1;
    else if (token !== '\r') lines[row] = (lines[row] ?? '') + token;
    assert.ok(row >= 0, 'the cursor left the screen');
  }
  return lines.map((line) => line.trimEnd()).filter((line) => line !== '');
}

const POOL = { name: 'local', wanted: 2, booting: 1, busy: 1, idle: 0, draining: 0, pricePerHour: 0 };

describe('progress on a terminal', () => {
  it('shows a bar a run, the workers and the farm’s sentence', () => {
    const { show, written } = screen({ isTTY: true });
    show(aStatus({ sentence: 'The farm renders.', runs: [aRun()], pools: [POOL] }));
    assert.deepEqual(visible(written()), [
      'film/sh010 v001              █████░░░░░░░░░░░░░░░      6/24  rendering, about 2 min left',
      'workers  local: 1 busy, 1 booting',
      'The farm renders.',
    ]);
  });

  it('redraws in place, also when there are fewer lines', () => {
    const { show, written } = screen({ isTTY: true });
    const waiting = { code: 'missingFiles', message: 'A file is missing: wood.png.', action: 'Upload it.' };
    show(aStatus({ runs: [aRun({ state: 'waiting', reason: waiting, etaSeconds: null })], pools: [POOL] }));
    show(aStatus({ runs: [aRun({ frames: { total: 24, done: 24, active: 0, failed: 0 } })] }));
    assert.deepEqual(visible(written()), [
      'film/sh010 v001              ████████████████████     24/24  rendering, about 2 min left',
      'The farm is down.',
    ]);
  });

  it('says why a run waits and what to do', () => {
    const { show, written } = screen({ isTTY: true });
    const reason = { code: 'missingFiles', message: 'A file is missing: wood.png.', action: 'Upload it.' };
    show(aStatus({ runs: [aRun({ state: 'waiting', reason })] }));
    const lines = visible(written());
    assert.deepEqual(lines.slice(1, 3), ['  A file is missing: wood.png.', '  → Upload it.']);
  });

  it('wraps a long reason, so that its end is not lost', () => {
    const { show, written } = screen({ isTTY: true, columns: 40 });
    const message = 'Scene "Scene" has no camera: there is nothing to render.';
    show(aStatus({ runs: [aRun({ state: 'rejected', reason: { code: 'c', message, action: null } })] }));
    const lines = visible(written());
    assert.deepEqual(lines.slice(1, 3), ['  Scene "Scene" has no camera: there is', '  nothing to render.']);
  });

  it('keeps a run that ended here, and leaves out older ones', () => {
    const { show, written } = screen({ isTTY: true });
    const old = aRun({ id: 'old', shot: 'old', state: 'completed', since: '2026-11-24T09:05:06.999Z' });
    show(aStatus({ runs: [aRun(), old] }));
    show(aStatus({ runs: [aRun({ state: 'completed' }), old] }));
    const lines = visible(written()).join('\n');
    assert.match(lines, /sh010 v001 .* completed/);
    assert.doesNotMatch(lines, /^old/m);
  });

  it('fits any width and height, so that the cursor finds back', () => {
    const runs = Array.from({ length: 40 }, (_, index) =>
      aRun({ id: `r${index}`, shot: `${'長い名前'.repeat(20)}${index}` }),
    );
    for (const columns of [20, 80, 300])
      for (const rows of [3, 24]) {
        const { show, written } = screen({ isTTY: true, columns, rows });
        show(aStatus({ runs }));
        show(aStatus({ runs }));
        const lines = visible(written());
        assert.ok(lines.length < rows, `${lines.length} lines on ${rows} rows`);
        for (const line of lines) assert.ok(widthOf(line) < columns, line);
      }
  });

  it('lets no name take over the terminal', () => {
    const { show, written } = screen({ isTTY: true });
    show(aStatus({ runs: [aRun({ shot: 'a\u001b[2J\u009b31m\nb\u202e' })], sentence: 'x\u001b]0;t\u0007' }));
    const text = written().replaceAll('\u001b[0J', '');
    assert.doesNotMatch(text, /[\u001b\u0007\u009b\u202e]/);
  });
});

describe('progress in a log', () => {
  function lines(...statuses: readonly StatusDocument[]): readonly string[] {
    const { show, written } = screen({ isTTY: false });
    for (const status of statuses) show(status);
    return written().trimEnd().split('\n');
  }
  const frames = (done: number) => ({ total: 24, done, active: 1, failed: 0 });

  it('writes a line for each change and about every ten per cent', () => {
    const farm = aStatus().farm;
    assert.deepEqual(
      lines(
        aStatus({ runs: [aRun({ state: 'queued', frames: frames(0) })] }),
        aStatus({ runs: [aRun({ state: 'queued', frames: frames(0) })] }),
        aStatus({ farm: { ...farm, stage: 'ready' }, sentence: 'Up.', runs: [aRun({ frames: frames(0) })] }),
        aStatus({ farm: { ...farm, stage: 'ready' }, runs: [aRun({ frames: frames(1) })] }),
        aStatus({ farm: { ...farm, stage: 'ready' }, runs: [aRun({ frames: frames(3) })] }),
        aStatus({ farm: { ...farm, stage: 'ready' }, runs: [aRun({ frames: frames(4) })] }),
        aStatus({
          farm: { ...farm, stage: 'ready' },
          runs: [aRun({ state: 'completed', frames: frames(24) })],
        }),
      ),
      [
        '09:05:07 farm absent: The farm is down.',
        '09:05:07 film/sh010 v001: queued 0/24 frames',
        '09:05:07 farm ready: Up.',
        '09:05:07 film/sh010 v001: rendering 0/24 frames',
        '09:05:07 film/sh010 v001: rendering 3/24 frames',
        '09:05:07 film/sh010 v001: completed 24/24 frames',
      ],
    );
  });

  it('writes no line twice for a reason that it does not tell', () => {
    const reason = { code: 'x', message: 'All goes well.', action: null };
    assert.deepEqual(
      lines(aStatus(), aStatus({ runs: [aRun()] }), aStatus({ runs: [aRun({ reason })] })).slice(1),
      ['09:05:07 film/sh010 v001: rendering 6/24 frames'],
    );
  });

  it('says why, on the same line', () => {
    const reason = { code: 'x', message: 'No camera.', action: 'Add one.' };
    const after = lines(
      aStatus(),
      aStatus({ runs: [aRun({ state: 'rejected', reason, frames: frames(0) })] }),
    );
    assert.equal(after.at(-1), '09:05:07 film/sh010 v001: rejected 0/24 frames - No camera. → Add one.');
  });

  it('is silent about what ended before, and after done()', () => {
    assert.equal(
      lines(aStatus({ runs: [aRun({ state: 'failed', since: '2026-11-24T09:00:00.000Z' })] })).length,
      1,
    );
    const { show, done, written } = screen({ isTTY: false });
    done();
    show(aStatus());
    assert.equal(written(), '');
  });
});

describe('text for a terminal', () => {
  it('counts columns, not letters', () => {
    for (const [text, width] of [
      ['abc', 3],
      ['日本', 4],
      ['e\u0301', 1],
      ['🎬', 2],
      ['', 0],
    ] as const)
      assert.equal(widthOf(text), width, text);
  });

  it('cuts and pads to a width', () => {
    assert.equal(cutTo('abcdef', 4), 'abc…');
    assert.equal(cutTo('abcd', 4), 'abcd');
    assert.equal(cutTo('日本語', 4), '日…');
    assert.equal(cutTo('abc', 0), '');
    assert.equal(fitTo('日本語', 5), '日本…');
    assert.equal(fitTo('a', 3), 'a  ');
  });

  it('neutralises what is no letter', () => {
    assert.equal(plainText('a\u001b\n\u202eb'), 'a\ufffd\ufffd\ufffdb');
    assert.equal(plainText('\ud83d\ude80 \ud83d'), '\ud83d\ude80 \ufffd');
  });

  it('rounds as an estimate deserves', () => {
    const texts = [0, 59, 60, 3599, 3600, 4800, 86_400].map(durationText);
    assert.deepEqual(texts, ['1 s', '59 s', '1 min', '1 h', '1 h', '1 h 20 min', '24 h']);
  });
});

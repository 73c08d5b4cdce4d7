import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLog, traceFields } from '../services/control/logging.ts';

function logged(write: (log: ReturnType<typeof createLog>) => void): readonly Record<string, unknown>[] {
  const lines: string[] = [];
  const log = createLog({ logLevel: 'trace' }, { write: (line) => lines.push(line) });
  write(log);
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('the log', () => {
  it('speaks Cloud Logging’s words', () => {
    const [line] = logged((log) => log.warn({ toNodes: 3 }, 'pool resized'));
    assert.equal(line?.severity, 'WARNING');
    assert.equal(line?.message, 'pool resized');
    assert.equal(line?.toNodes, 3);
    assert.match(String(line?.time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.equal(line?.level, undefined);
    assert.equal(line?.pid, undefined);
  });

  it('has a severity for every level', () => {
    const severities = logged((log) => {
      for (const level of ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const) log[level]('x');
    }).map((line) => line.severity);
    assert.deepEqual(severities, ['DEBUG', 'DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL']);
  });

  it('shows an error with its causes, and a loop of causes ends', () => {
    const root = Object.assign(new Error('no route'), { code: 'EHOSTUNREACH' });
    const [line] = logged((log) => log.error({ err: new TypeError('list', { cause: root }) }, 'failed'));
    const err = line?.err as { type: string; cause: { message: string; code: string } };
    assert.equal(err.type, 'TypeError');
    assert.deepEqual([err.cause.message, err.cause.code], ['no route', 'EHOSTUNREACH']);
    const loop = new Error('loop');
    loop.cause = loop;
    assert.equal(logged((log) => log.error({ err: loop }, 'failed')).length, 1);
  });

  it('never shows a credential', () => {
    const text = JSON.stringify(
      logged((log) => {
        log.info({ authorization: 'hush', headers: { cookie: 'hush' }, signedUrl: 'hush' }, 'x');
        log.info({ req: { method: 'PUT', url: '/uploads/hush?key=hush', headers: { x: 'hush' } } }, 'x');
      }),
    );
    assert.ok(!text.includes('hush'), text);
  });
});

describe('the trace of a request', () => {
  const id = '0af7651916cd43dd8448eb211c80319c';
  it('comes from either header', () => {
    const expected = { 'logging.googleapis.com/trace': `projects/p/traces/${id}` };
    assert.deepEqual(traceFields({ traceparent: `00-${id}-b7ad6b7169203331-01` }, 'p'), expected);
    assert.deepEqual(traceFields({ 'x-cloud-trace-context': `${id}/123;o=1` }, 'p'), expected);
  });

  it('is left out when there is none or it is no id', () => {
    assert.deepEqual(traceFields({}, 'p'), {});
    assert.deepEqual(traceFields({ traceparent: 'x', 'x-cloud-trace-context': '../../x' }, 'p'), {});
  });
});

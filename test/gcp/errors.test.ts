import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cloudWork, portErrorFor, scarcityOf } from '../../services/control/adapters/gcp/errors.ts';
import { PortError, type PortErrorCode } from '../../services/control/ports/errors.ts';

const thrown = (fields: object, message = '') => Object.assign(new Error(message), fields);
const google = (code: number, status: string, message: string) =>
  JSON.stringify({ error: { code, status, message } });

const STOCK_OUT =
  "Not all instances running in IGM after 35m7.9s. Current errors: [GCE_STOCKOUT]: Instance 'gke-1' creation failed: The zone 'projects/p/zones/z' does not have enough resources available to fulfill the request.";
const QUOTA =
  "Insufficient regional quota to satisfy request: resource \"CPUS\": request requires '36.0' and is short '24.0'.";

const cases: Readonly<Record<string, readonly [unknown, PortErrorCode]>> = {
  'gRPC 5 NOT_FOUND': [thrown({ code: 5 }, '5 NOT_FOUND: no such cluster'), 'notFound'],
  'gRPC 6 ALREADY_EXISTS': [thrown({ code: 6 }, 'Already exists: clusters/farm'), 'conflict'],
  'gRPC 9: another operation runs on the cluster': [
    thrown({ code: 9 }, 'Cluster is running incompatible operation operation-1.'),
    'transient',
  ],
  'gRPC 8: too many requests a minute': [
    thrown(
      { code: 8 },
      "Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute'",
    ),
    'transient',
  ],
  'gRPC 8: no machines': [thrown({ code: 8 }, STOCK_OUT), 'noCapacity'],
  'gRPC 8: no quota': [
    thrown({ code: 8 }, "Quota 'GPUS_ALL_REGIONS' exceeded. Limit: 0.0 globally."),
    'quota',
  ],
  'gRPC 7: no quota': [thrown({ code: 7 }, QUOTA), 'quota'],
  'gRPC 7: no permission': [thrown({ code: 7 }, 'Required "container.clusters.create"'), 'denied'],
  'gRPC 3': [thrown({ code: 3 }, 'Invalid value'), 'invalid'],
  'gRPC 3: a kind of machine that the zone does not have': [
    thrown({ code: 3 }, 'Accelerator type "nvidia-l4" does not exist in zone europe-west1-d.'),
    'noCapacity',
  ],
  'gRPC 4 deadline': [thrown({ code: 4 }, 'Deadline exceeded'), 'transient'],
  'gRPC 14 unavailable': [thrown({ code: 14 }, 'No connection established'), 'transient'],
  'gRPC 16': [thrown({ code: 16 }, 'Request had invalid authentication credentials'), 'denied'],
  'HTTP 412 of Cloud Storage': [thrown({ code: 412 }, 'At least one of the pre-conditions'), 'conflict'],
  'HTTP 400 with FAILED_PRECONDITION': [
    thrown({ code: 400 }, google(400, 'FAILED_PRECONDITION', 'Cluster is running incompatible operation')),
    'transient',
  ],
  'HTTP 403 with a quota': [thrown({ code: 403 }, google(403, 'PERMISSION_DENIED', QUOTA)), 'quota'],
  'HTTP 403 with a rate': [thrown({ code: 403 }, 'rateLimitExceeded'), 'transient'],
  'HTTP 409 of Kubernetes': [
    thrown({ code: 409, body: '{"kind":"Status","reason":"AlreadyExists","message":"exists"}' }),
    'conflict',
  ],
  'HTTP 422 of Kubernetes': [
    thrown({ code: 422, body: '{"kind":"Status","reason":"Invalid","message":"spec"}' }),
    'invalid',
  ],
  'HTTP 404 as a status': [thrown({ status: 404, code: 'ERR' }), 'notFound'],
  'HTTP 429': [thrown({ code: 429 }, 'Too many'), 'transient'],
  'HTTP 500': [thrown({ code: 500 }), 'transient'],
  'HTTP 503 as text': [thrown({ code: '503' }), 'transient'],
  'a refused connection': [thrown({ code: 'ECONNREFUSED' }), 'transient'],
  'something that is no error': ['odd', 'transient'],
};

describe("the cloud's errors", () => {
  for (const [name, [error, code]] of Object.entries(cases))
    test(`${name} is ${code}`, () => {
      const translated = portErrorFor(error, 'testing');
      assert.equal(translated.code, code);
      assert.match(translated.message, /^testing: /);
    });

  test('a port error stays what it is', () => {
    const error = new PortError('quota', 'before');
    assert.equal(portErrorFor(error, 'testing'), error);
  });

  test("Google's words are told, not the JSON around them", () => {
    const { message } = portErrorFor(
      thrown({ code: 403 }, google(403, 'PERMISSION_DENIED', 'no rights')),
      'x',
    );
    assert.equal(message, 'x: denied (no rights)');
  });

  test('an address space that is used up is a quota, a missing disk neither', () => {
    assert.equal(scarcityOf('… IP_SPACE_EXHAUSTED_WITH_DETAILS …'), 'quota');
    assert.equal(scarcityOf('disk not found'), null);
  });

  test('what takes too long is told to break off', async () => {
    let signal: AbortSignal | undefined;
    const work = (given: AbortSignal) => {
      signal = given;
      return new Promise<never>(() => {});
    };
    await assert.rejects(cloudWork('waiting', work, 5), /waiting: transient \(no answer within 5 ms\)/);
    assert.equal(signal?.aborted, true);
  });
});

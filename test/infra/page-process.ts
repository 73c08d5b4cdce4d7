import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../cloud/free-port.ts';
import { startServiceProcess } from '../cloud/service-process.ts';
import { CLOUD_ENV } from '../cloud-env.ts';
import type { GkeStandIn } from '../gcp/gke/stand-in.ts';
import { startIssuer, withoutSignature } from '../gcp/issuer.ts';
import { startMetadata } from '../gcp/metadata.ts';
import type { StorageStandIn } from '../gcp/storage/stand-in.ts';

interface StandIns {
  readonly storage: StorageStandIn;
  readonly gke: GkeStandIn;
  readonly scheduler: { readonly port: number };
}

/** People's service on these stand-ins, and a token of Anna's as it comes through Cloud Run's own check. */
export async function startPage(
  t: { after(fn: () => unknown): void },
  { storage, gke, scheduler }: StandIns,
): Promise<{ readonly url: string; readonly token: string }> {
  const dir = mkdtempSync(join(tmpdir(), 'tablao-page-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const [issuer, metadata] = [await startIssuer(t), await startMetadata()];
  t.after(() => metadata.close());
  const { url } = await startServiceProcess(t, {
    ...{ port: await freePort(), dir, metadataHost: metadata.host },
    places: {
      ...{ storage: storage.url, gke: gke.url, gkePort: gke.port },
      ...{ schedulerPort: scheduler.port, issuer: `http://${issuer.server.host}` },
    },
    env: { ...CLOUD_ENV, KNOWN_HOSTS: '127.0.0.1', ROLE: 'page' },
  });
  return { url, token: withoutSignature(issuer.signed('anna@film.example', CLOUD_ENV.AUTH_AUDIENCE)) };
}

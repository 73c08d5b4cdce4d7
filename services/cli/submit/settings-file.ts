import { refusalOf, type ServiceClient } from '../service/service-client.ts';
import type { SubmitPlan } from './plan.ts';
import type { ManifestEntry } from './send-files.ts';

/**
 * Sends `<shot>.render.json` with the manifest. It goes last: an explicit submission, rendered at once when all that it
 * names is there. Throws `ServiceError`.
 */
export async function sendSettings(
  client: ServiceClient,
  { settings, settingsPath }: SubmitPlan,
  inputs: readonly ManifestEntry[],
): Promise<void> {
  const bytes = Buffer.from(`${JSON.stringify({ ...settings, inputs }, null, 2)}\n`);
  const { url } = await client.post<{ readonly url: string }>('/uploads', {
    path: settingsPath,
    size: bytes.length,
  });
  const response = await fetch(url, { method: 'PUT', body: new Uint8Array(bytes), redirect: 'manual' });
  if (!response.ok) throw await refusalOf(response);
  await response.body?.cancel();
}

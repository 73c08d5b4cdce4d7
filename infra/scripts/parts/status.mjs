/** What the service last said of itself; `null` before its first pass. */
export function readStatus({ find }, stateBucket) {
  const text = find('null', 'gcloud', 'storage', 'cat', `gs://${stateBucket}/status.json`);
  return text === null ? null : JSON.parse(text);
}

/** Whether a machine works on a frame. */
export function isRendering({ pools }) {
  return pools.some(({ busy, draining }) => busy + draining > 0);
}

const ENDED = ['completed', 'incomplete', 'failed', 'rejected', 'cancelled', 'superseded'];

/** Whether nothing will become of it any more. */
export function isEnded({ state }) {
  return ENDED.includes(state);
}

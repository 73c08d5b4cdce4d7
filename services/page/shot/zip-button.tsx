import { useState } from 'preact/hooks';
import type { ZipSeen } from '../../control/http/zip.ts';
import { get, problemText } from '../api.ts';
import { useDesk } from '../desk.ts';
import { bytesText, dollarsText, plural } from '../format.ts';

interface Props {
  readonly runId: string;
  readonly shot: string;
}

/** Fetches all proved frames as one file, once a person has seen how much that is and what it costs. */
export function ZipButton({ runId, shot }: Props) {
  const { isSure } = useDesk();
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);

  async function fetchZip(): Promise<void> {
    setIsBusy(true);
    setProblem(null);
    try {
      const zip = await get<ZipSeen>(`/status/runs/${encodeURIComponent(runId)}/zip`);
      if (zip.isTooLarge) setProblem(tooLargeText(zip));
      else if (await isSure(questionOf(zip, shot))) download(`/runs/${encodeURIComponent(runId)}/frames.zip`);
    } catch (error) {
      setProblem(problemText(error));
    } finally {
      setIsBusy(false);
    }
  }

  return (
    <>
      <button type="button" disabled={isBusy} onClick={fetchZip}>
        As a zip…
      </button>
      {problem !== null && <p role="alert">{problem}</p>}
    </>
  );
}

function tooLargeText({ files, bytes }: ZipSeen): string {
  return `${plural(files, 'file')} of ${bytesText(bytes)} are more than a zip holds here (65,534 of 2 GB).`;
}

/** A link and not an address to go to: whatever is answered, the page stays. */
function download(href: string): void {
  Object.assign(document.createElement('a'), { href, download: '' }).click();
}

function questionOf({ files, frames: { proved, wanted }, bytes, dollars }: ZipSeen, shot: string) {
  const which =
    proved === wanted
      ? `All ${plural(wanted, 'frame')}`
      : `${proved} of ${plural(wanted, 'frame')}, those that are proved`;
  const price = dollars < 0.01 ? dollarsText(dollars) : `about ${dollarsText(dollars)}`;
  return {
    title: `Fetch ${shot} as a zip?`,
    lines: [
      `${which}: ${plural(files, 'file')}, ${bytesText(bytes)}.`,
      ...(dollars > 0 ? [`Google asks ${price} for the traffic, outside of its data centres.`] : []),
    ],
    verb: 'Fetch it',
  };
}

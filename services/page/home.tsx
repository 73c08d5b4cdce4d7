import type { StatusDocument } from '../control/core/status-document.ts';
import { Controls } from './controls.tsx';
import { FirstGlance } from './first-glance.tsx';
import { PoolPlot } from './pool-plot.tsx';
import { Shots } from './shots.tsx';
import { Why } from './why.tsx';

/** What is going on: the farm in a sentence, the shots, the pool over time, and why. */
export function Home({ status }: { readonly status: StatusDocument | null }) {
  if (status === null) return <p class="nothing">Looking at the farm…</p>;
  return (
    <>
      <FirstGlance status={status} />
      <div class="columns">
        <Shots status={status} />
        <aside class="side">
          <Controls status={status} />
          <PoolPlot status={status} />
          <Why decisions={status.decisions} runs={status.runs} />
        </aside>
      </div>
    </>
  );
}

import type { PoolStatus, StatusDocument } from '../control/core/status-document.ts';
import { useNow } from './desk.ts';
import { dollarsText, forText, nextLookText, plural, workersText } from './format.ts';
import { outlook, STAGE_TEXTS, STAGES, whatComesNext } from './glance.ts';

interface Props {
  readonly status: StatusDocument;
}

/** The farm in one plain sentence, its stage with what comes next, the workers and the money. */
export function FirstGlance({ status }: Props) {
  const now = useNow(1000);
  const { farm, sentence, pools, leftovers } = status;
  return (
    <section class={`glance stage-${farm.stage}`} aria-label="The farm">
      <h1>
        {sentence} <span class="soft">{outlook(status, now)}</span>
      </h1>
      <Stages stage={farm.stage} />
      <dl class="facts">
        <div class="wide">
          <dt>
            Farm{farm.isPaused ? ', new work paused' : ''}
            {farm.zone === null ? '' : ` in ${farm.zone}`}
          </dt>
          <dd>
            {STAGE_TEXTS[farm.stage]} <small>{forText(farm.since, now)}</small>
          </dd>
          <dd class="more">{whatComesNext(status, now)}</dd>
          {farm.stage === 'broken' && farm.reason !== null && <dd class="more">{farm.reason}</dd>}
        </div>
        {pools.map((pool) => (
          <Pool key={pool.name} pool={pool} />
        ))}
        <Money money={status.money} />
      </dl>
      {leftovers !== null && leftovers.length > 0 && (
        <p class="left-over">
          <strong>Left over, and perhaps paid for:</strong> {leftovers.join(', ')}
        </p>
      )}
      {status.messages !== undefined && <Messages messages={status.messages} />}
      <p class="as-of">
        As of {new Date(status.asOf).toLocaleTimeString()}
        {nextLookText(status.nextLookAt, now)}.
      </p>
    </section>
  );
}

/** Messages to people that did not get through: who waits for one should know. */
function Messages({ messages }: { readonly messages: NonNullable<StatusDocument['messages']> }) {
  const { waiting, failure, lost, lostReason } = messages;
  return (
    <>
      {failure !== null && waiting > 0 && (
        <p class="left-over">
          <strong>
            {plural(waiting, 'message')} {waiting === 1 ? 'waits' : 'wait'} to be taken:
          </strong>{' '}
          {failure}
        </p>
      )}
      {lost > 0 && (
        <p class="left-over">
          <strong>
            {plural(lost, 'message')} {lost === 1 ? 'was' : 'were'} given up today
            {lostReason === null ? '.' : ':'}
          </strong>{' '}
          {lostReason}
        </p>
      )}
    </>
  );
}

function Stages({ stage }: Pick<StatusDocument['farm'], 'stage'>) {
  const at = (STAGES as readonly string[]).indexOf(stage);
  return (
    <ol class="stages" aria-label="Stages of the farm">
      {STAGES.map((one, index) => (
        <li
          key={one}
          class={index === at ? 'now' : index < at ? 'past' : ''}
          aria-current={index === at ? 'step' : undefined}
        >
          {STAGE_TEXTS[one]}
        </li>
      ))}
    </ol>
  );
}

function Pool({ pool }: { readonly pool: PoolStatus }) {
  return (
    <div>
      <dt>Workers, {pool.name}</dt>
      <dd>{workersText(pool)}</dd>
      <dd class="more">
        {pool.wanted} wanted
        {pool.pricePerHour > 0 ? `, ${dollarsText(pool.pricePerHour)} an hour each` : ''}
        {pool.variant == null ? '' : `, on ${pool.variant}`}
      </dd>
      {pool.reason != null && <dd class="more">{pool.reason}</dd>}
    </div>
  );
}

function Money({ money: { today, month, cap } }: Pick<StatusDocument, 'money'>) {
  return (
    <div class="money">
      <dt>Spent today</dt>
      <dd>{dollarsText(today)}</dd>
      <dd class="more">
        {dollarsText(month)} this month{cap === null ? ', no cap' : ` of ${dollarsText(cap)}`}
      </dd>
      {cap !== null && (
        <dd class="more">
          <meter
            min={0}
            max={cap}
            value={Math.min(month, cap)}
            high={cap * 0.8}
            aria-label="This month's money against the cap"
          />
        </dd>
      )}
    </div>
  );
}

import type { RunRecord } from '../../control/core/run.ts';
import { knownSettings } from '../known-settings.ts';
import { SETTING_FIELDS } from '../setting-fields.ts';

/** Each setting of a run with where it came from; what nobody set is left out. */
export function SettingsTable({ run }: { readonly run: RunRecord }) {
  if (run.settings === null) return null;
  const known = knownSettings(run.settings);
  const rows = SETTING_FIELDS.flatMap(({ key, label }) => {
    const found = known[key];
    return found === undefined || found.value === '' ? [] : [{ key, label, ...found }];
  });
  return (
    <section class="panel settings" aria-labelledby="settings-title">
      <h2 id="settings-title">Settings of this run</h2>
      <dl class="pairs">
        {rows.map(({ key, label, value, from }) => (
          <div key={key}>
            <dt>{label}</dt>
            <dd>
              {value} <small>{from}</small>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

import { useId } from 'preact/hooks';
import { SETTING_FIELDS, type SettingField, type Typed } from './setting-fields.ts';

interface Known {
  readonly value: string;
  readonly from: string;
}

interface Props {
  readonly typed: Typed;
  readonly onTyped: (typed: Typed) => void;
  /** What counts where nothing is typed, by key. */
  readonly known: Readonly<Record<string, Known>>;
  /** Keys that are asked for elsewhere. */
  readonly without?: readonly string[];
}

/** The settings of one run: the four that people change most, and all others behind "More". */
export function SettingsForm({ typed, onTyped, known, without = [] }: Props) {
  const fields = SETTING_FIELDS.filter(({ key }) => !without.includes(key));
  const field = (one: SettingField) => (
    <Field
      key={one.key}
      field={one}
      value={typed[one.key] ?? ''}
      known={known[one.key]}
      onValue={(value) => onTyped({ ...typed, [one.key]: value })}
    />
  );
  return (
    <>
      <div class="fields">{fields.filter(({ isMain }) => isMain).map(field)}</div>
      <details class="more-fields">
        <summary>More settings</summary>
        <div class="fields">{fields.filter(({ isMain }) => !isMain).map(field)}</div>
      </details>
    </>
  );
}

interface FieldProps {
  readonly field: SettingField;
  readonly value: string;
  readonly known: Known | undefined;
  readonly onValue: (value: string) => void;
}

function Field({ field, value, known, onValue }: FieldProps) {
  const { label, kind, hint } = field;
  const own = known === undefined || known.value === '' ? '' : known.value;
  const id = useId();
  const choices = kind === 'switch' ? ['yes', 'no'] : (field.choices ?? []);
  return (
    <div class={value === '' ? 'field' : 'field changed'}>
      <label for={id}>{label}</label>
      {kind === 'choice' || kind === 'switch' ? (
        <select id={id} value={value} onChange={(event) => onValue(event.currentTarget.value)}>
          <option value="">{own === '' ? 'as it is' : own}</option>
          {choices.map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </select>
      ) : (
        <Input {...{ id, kind, value, onValue }} placeholder={own === '' ? (hint ?? '') : own} />
      )}
      <small>{known === undefined || own === '' ? (hint ?? ' ') : `from ${known.from}`}</small>
    </div>
  );
}

interface InputProps extends Pick<FieldProps, 'value' | 'onValue'> {
  readonly id: string;
  readonly kind: SettingField['kind'];
  readonly placeholder: string;
}

function Input({ id, kind, value, placeholder, onValue }: InputProps) {
  const onInput = (event: { currentTarget: HTMLInputElement }) => onValue(event.currentTarget.value);
  if (kind === 'time') return <input id={id} type="datetime-local" value={value} onInput={onInput} />;
  const inputMode = kind === 'number' ? 'decimal' : 'text';
  return <input id={id} type="text" {...{ inputMode, value, placeholder, onInput }} />;
}

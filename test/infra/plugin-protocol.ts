/**
 * What we need of Terraform's plugin protocol 5, as protobuf's own JSON: message -> fields by number. `repeated` and maps
 * are marked; bytes that hold values are MessagePack.
 */
const MESSAGES: Readonly<Record<string, readonly string[]>> = {
  DynamicValue: ['1 bytes msgpack'],
  RawState: ['1 bytes json'],
  Diagnostic: ['1 int32 severity', '2 string summary', '3 string detail'],
  Attribute: ['1 string name', '2 bytes type', '4 bool required', '5 bool optional', '6 bool computed'],
  Block: ['1 int64 version', '2 Attribute attributes []', '3 NestedBlock block_types []'],
  NestedBlock: [
    '1 string type_name',
    '2 Block block',
    '3 int32 nesting',
    '4 int64 min_items',
    '5 int64 max_items',
  ],
  Schema: ['1 int64 version', '2 Block block'],
  Empty: [],
  SchemaAnswer: ['1 Schema provider', '2 Schema resource_schemas {}', '3 Schema data_source_schemas {}'],
  /** Of all requests about one thing: only what is read of them. */
  PrepareAsked: ['1 DynamicValue config'],
  PrepareAnswer: ['1 DynamicValue prepared_config', '2 Diagnostic diagnostics []'],
  ConfigAsked: ['1 string type_name', '2 DynamicValue config'],
  Diagnostics: ['1 Diagnostic diagnostics []'],
  UpgradeAsked: ['1 string type_name', '3 RawState raw_state'],
  ValueAnswer: ['1 DynamicValue value', '2 Diagnostic diagnostics []'],
  ReadAsked: ['1 string type_name', '2 DynamicValue current_state'],
  PlanAsked: [
    '1 string type_name',
    '2 DynamicValue prior_state',
    '3 DynamicValue proposed_new_state',
    '4 DynamicValue config',
  ],
  PlanAnswer: ['1 DynamicValue planned_state', '4 Diagnostic diagnostics []'],
  ApplyAsked: ['1 string type_name', '2 DynamicValue prior_state', '3 DynamicValue planned_state'],
  ApplyAnswer: ['1 DynamicValue new_state', '3 Diagnostic diagnostics []'],
  ImportAsked: ['1 string type_name', '2 string id'],
  Imported: ['1 string type_name', '2 DynamicValue state'],
  ImportAnswer: ['1 Imported imported_resources []', '2 Diagnostic diagnostics []'],
};

const METHODS: Readonly<Record<string, readonly [asked: string, answer: string]>> = {
  GetSchema: ['Empty', 'SchemaAnswer'],
  PrepareProviderConfig: ['PrepareAsked', 'PrepareAnswer'],
  Configure: ['ConfigAsked', 'Diagnostics'],
  ValidateResourceTypeConfig: ['ConfigAsked', 'Diagnostics'],
  ValidateDataSourceConfig: ['ConfigAsked', 'Diagnostics'],
  UpgradeResourceState: ['UpgradeAsked', 'ValueAnswer'],
  ReadResource: ['ReadAsked', 'ValueAnswer'],
  PlanResourceChange: ['PlanAsked', 'PlanAnswer'],
  ApplyResourceChange: ['ApplyAsked', 'ApplyAnswer'],
  ImportResourceState: ['ImportAsked', 'ImportAnswer'],
  ReadDataSource: ['ConfigAsked', 'ValueAnswer'],
  Stop: ['Empty', 'Empty'],
};

/** For `fromJSON` of @grpc/proto-loader. */
export function protocol(): object {
  const messages = Object.entries(MESSAGES).map(([name, fields]) => [name, { fields: fieldsOf(fields) }]);
  const methods = Object.entries(METHODS).map(([name, [requestType, responseType]]) => [
    name,
    { requestType, responseType },
  ]);
  const service = { methods: Object.fromEntries(methods) };
  return { nested: { tfplugin5: { nested: { ...Object.fromEntries(messages), Provider: service } } } };
}

function fieldsOf(lines: readonly string[]): object {
  const fields = lines.map((line) => {
    const [id, type, name = '', many] = line.split(' ');
    const rule = many === '[]' ? { rule: 'repeated' } : many === '{}' ? { keyType: 'string' } : {};
    return [name, { id: Number(id), type, ...rule }];
  });
  return Object.fromEntries(fields);
}

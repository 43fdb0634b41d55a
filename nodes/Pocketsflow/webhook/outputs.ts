/** The option that sends each event to an output of its own. */
import type { IDataObject, INodeExecutionData, INodeTypeDescription } from 'n8n-workflow';

import { events, toCanonicalName } from '../events/catalogue';

/**
 * The expression for the outputs of the node: one, or with the option one for each chosen event, in the
 * order of the choice, so that an event that is added leaves the others where they are; then one for
 * all else. n8n evaluates it in the editor, not for a delivery (docs/n8n-engine.md#expression-isolates).
 */
export function buildOutputsExpression(): INodeTypeDescription['outputs'] {
	const labels = Object.fromEntries(
		events.flatMap(({ name, aliases = [], label }) =>
			[name, ...aliases].map((spelling) => [spelling, label]),
		),
	);
	const chosen = '[$parameter["events"]].flat()';
	const named = `${chosen}.map((name) => ({ type: "main", displayName: (${JSON.stringify(labels)})[name] ?? name }))`;
	return `={{ $parameter["options"]?.separateOutputs ? ${named}.concat([{ type: "main", displayName: "Other Events" }]) : ["main"] }}`;
}

/**
 * Puts each item where its event belongs.
 * @param separate the events with an output of their own, by the order of the outputs; undefined for one
 * output
 */
export function distribute(
	items: IDataObject[],
	separate: readonly string[] | undefined,
): INodeExecutionData[][] {
	if (!separate) return [items.map((json) => ({ json }))];
	const names = separate.map(toCanonicalName);
	const outputs = [...names, undefined].map((): INodeExecutionData[] => []);
	for (const item of items) {
		const index = names.indexOf(toCanonicalName(String(item.event)));
		outputs[index < 0 ? names.length : index].push({ json: item });
	}
	return outputs;
}

import type { INodeProperties } from 'n8n-workflow';

import type { Stage } from './stage';

interface NodeType {
	name: string;
	properties: INodeProperties[];
}

/** What the panel of a node is to show, by the paths of its parameters: one of the texts. */
export type Shown = Array<[path: string, texts: string[]]>;

const modes: Record<string, string> = { list: 'From list', id: 'By ID', url: 'By URL' };

/** Knows how the editor shows what was saved. */
export class ShownParameters {
	private constructor(
		/** The names of options, by parameter and value. */
		private readonly options: ReadonlyMap<string, string[]>,
	) {}

	static async read({ editor, products }: Stage): Promise<ShownParameters> {
		const { client } = editor.environment;
		const { data } = await client.editorFile<NodeType[]>('/types/nodes.json');
		const own = data.filter(({ name }) => name.startsWith('n8n-nodes-pocketsflow.'));
		const options = new Map<string, string[]>();
		for (const [key, name] of own.flatMap(({ properties }) => listOptions(properties)))
			options.set(key, [...(options.get(key) ?? []), name]);
		for (const { _id, name } of products)
			for (const parameter of ['productIds', 'mainProductIds'])
				options.set(`${parameter} ${_id}`, [name]);
		return new ShownParameters(options);
	}

	/** Lists it for a value that was saved at a path. */
	list(path: string, value: unknown): Shown {
		if (Array.isArray(value))
			return value.flatMap((one, index) =>
				this.list(typeof one === 'object' ? `${path}[${index}]` : path, one),
			);
		if (typeof value !== 'object' || value === null) {
			const parameter = path.split('.').at(-1);
			return [[path, this.options.get(`${parameter} ${String(value)}`) ?? [showText(value)]]];
		}
		if ('__rl' in value) {
			const { mode, value: id, cachedResultName } = value as unknown as Record<string, string>;
			return [
				[path, [modes[mode]]],
				[path, [showText(cachedResultName ?? id)]],
			];
		}
		return Object.entries(value).flatMap(([key, one]) => this.list(`${path}.${key}`, one));
	}
}

/** A value that is no option: an expression without its sign, a date with a blank before the time. */
const showText = (value: unknown) =>
	String(value)
		.replace(/^=/, '')
		.replace(/^(\d{4}-\d\d-\d\d)T/, '$1 ');

function listOptions(properties: INodeProperties[]): Array<[key: string, name: string]> {
	return properties.flatMap(({ name, options = [] }) =>
		options.flatMap((option): Array<[string, string]> => {
			if ('values' in option) return listOptions(option.values);
			if ('type' in option) return listOptions([option]);
			return 'value' in option ? [[`${name} ${String(option.value)}`, option.name]] : [];
		}),
	);
}

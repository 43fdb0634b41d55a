import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';

import { Pocketsflow } from '../../nodes/Pocketsflow/Pocketsflow.node';
import { PocketsflowPollingTrigger } from '../../nodes/Pocketsflow/PocketsflowPollingTrigger.node';
import { PocketsflowTrigger } from '../../nodes/Pocketsflow/PocketsflowTrigger.node';

// Rules of n8n's lint plugin that are newer than the one in the npm registry (0.32.0), from n8n's repository,
// and the lines of its page "Design your node's user interface" that a machine can check. All are warnings.

const folder = join(__dirname, '..', '..', 'nodes', 'Pocketsflow');
const nodes = [Pocketsflow, PocketsflowTrigger, PocketsflowPollingTrigger].map(
	(Node) => new Node().description,
);

interface Parameter {
	/** Where it stands: the node and the names on the way. */
	path: string;
	property: INodeProperties;
	isInCollection: boolean;
}

/** A parameter with all that are inside of it. */
function flatten(
	properties: readonly INodeProperties[],
	path: string,
	isInCollection = false,
): Parameter[] {
	return properties.flatMap((property) => {
		const here = `${path} > ${property.displayName}`;
		const inside = (property.options ?? []).flatMap((option) =>
			'values' in option
				? flatten(option.values, `${here} > ${option.displayName}`)
				: 'displayName' in option
					? flatten([option], here, property.type === 'collection')
					: [],
		);
		return [{ path: here, property, isInCollection }, ...inside];
	});
}

const parameters = nodes.flatMap(({ name, properties }) => flatten(properties, name));

const listOptions = ({ options = [] }: INodeProperties): INodePropertyOptions[] =>
	options.filter((option): option is INodePropertyOptions => 'value' in option);

/** The paths of the parameters that break a rule. */
const find = (breaks: (parameter: Parameter) => boolean) =>
	parameters.filter(breaks).map(({ path }) => path);

const isUnsorted = ({ type, ...property }: INodeProperties) => {
	const names = listOptions({ type, ...property }).map(({ name }) => name);
	const sorted = [...names].sort((one, other) =>
		one.localeCompare(other, undefined, { sensitivity: 'base' }),
	);
	return type === 'options' && names.join('\n') !== sorted.join('\n');
};

const hasDuplicates = (property: INodeProperties) => {
	const options = listOptions(property);
	return (
		new Set(options.map(({ name }) => name)).size < options.length ||
		new Set(options.map(({ value }) => value)).size < options.length
	);
};

/** One sentence that ends with a period, or several, if the last has none. */
function isPunctuatedWrongly(text: string): boolean {
	const plain = text.replace(/<[^>]+>/g, '').trim();
	const sentences = plain.split(/[.?!]["')]?\s+(?=[A-Z'"])/).length;
	return sentences === 1 ? /\.$/.test(plain) : !/[.?!]$/.test(plain);
}

describe("n8n's newer linter rules", () => {
	it('find parameters to check in every node', () => {
		expect(parameters.length).toBeGreaterThan(200);
	});

	it('find lists of options in alphabetical order', () => {
		expect(find(({ property }) => isUnsorted(property))).toEqual([]);
	});

	it('find no option twice in a list', () => {
		expect(find(({ property }) => hasDuplicates(property))).toEqual([]);
	});

	it('find no required field in a collection', () => {
		expect(
			find(({ property, isInCollection }) => isInCollection && property.required === true),
		).toEqual([]);
	});

	it('find no hint of more than 120 characters', () => {
		expect(find(({ property: { hint = '' } }) => hint.length > 120)).toEqual([]);
	});

	it('find no optional JSON field outside a collection, except one that the user chose to see', () => {
		const found = parameters.filter(
			({ path, property: { type, required } }) =>
				type === 'json' && required !== true && path.split(' > ').length === 2,
		);
		expect(found.map(({ path }) => path)).toEqual(['pocketsflow > Metadata (JSON)']);
		const [{ property }] = found;
		expect(property.displayOptions?.show).toMatchObject({ metadataInput: ['json'] });
	});

	it('find a default in every parameter, inside of collections too', () => {
		expect(find(({ property }) => !('default' in property))).toEqual([]);
	});

	it('find no asterisk and no emoji in the name of an option', () => {
		const isWrong = ({ name }: INodePropertyOptions) => /[*\p{Extended_Pictographic}]/u.test(name);
		expect(find(({ property }) => listOptions(property).some(isWrong))).toEqual([]);
	});

	it('find one credential in every node', () => {
		expect(nodes.map(({ credentials }) => credentials?.length)).toEqual([1, 1, 1]);
	});

	it('find only categories that n8n knows', () => {
		const known = [
			...['Analytics', 'Communication', 'Data & Storage', 'Development', 'Finance & Accounting'],
			...['Marketing & Content', 'Miscellaneous', 'Productivity', 'Sales', 'Utility'],
		];
		for (const { name } of nodes) {
			const file = `${name[0].toUpperCase()}${name.slice(1)}.node.json`;
			const codex = JSON.parse(readFileSync(join(folder, file), 'utf8')) as {
				node: string;
				categories: string[];
			};
			expect(codex.categories.filter((category) => !known.includes(category))).toEqual([]);
			expect(codex.node).toBe('n8n-nodes-pocketsflow');
		}
	});

	it('find icons that stand out from the background of their theme', () => {
		const contrast = (file: string, background: string) => {
			const colors = readFileSync(join(folder, file), 'utf8').matchAll(/#[0-9a-f]{6}\b/gi);
			return Math.max(...[...colors].map(([color]) => findContrast(color, background)));
		};
		expect(contrast('pocketsflow.svg', '#ffffff')).toBeGreaterThan(3);
		expect(contrast('pocketsflow.dark.svg', '#2b2b2b')).toBeGreaterThan(3);
	});
});

describe("n8n's page on the design of a node's interface", () => {
	it('has a box of one sentence without a period, and longer ones with', () => {
		const boxes = parameters.filter(({ property: { type } }) => type === 'notice');
		expect(boxes.length).toBeGreaterThan(3);
		expect(
			boxes.filter(({ property: { displayName } }) => isPunctuatedWrongly(displayName)),
		).toEqual([]);
	});

	it('has a tooltip of one sentence without a period, and longer ones with', () => {
		expect(
			find(({ property: { description } }) => !!description && isPunctuatedWrongly(description)),
		).toEqual([]);
	});

	it('names the events of a trigger "Trigger On", without a tooltip', () => {
		const events = parameters.filter(({ property: { name } }) => name === 'events');
		const ofTriggers = events.filter(({ path }) => /Trigger >/.test(path));
		expect(ofTriggers.length).toBeGreaterThan(1);
		for (const { property } of ofTriggers) {
			expect(property.displayName).toBe('Trigger On');
			expect(property.description).toBeUndefined();
		}
	});
});

/** The contrast of two colors by WCAG, from 1 to 21. */
function findContrast(one: string, other: string): number {
	const [dark, light] = [one, other].map(findLuminance).sort((a, b) => a - b);
	return (light + 0.05) / (dark + 0.05);
}

function findLuminance(color: string): number {
	const [red, green, blue] = [1, 3, 5].map((start) => {
		const value = parseInt(color.slice(start, start + 2), 16) / 255;
		return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
	});
	return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

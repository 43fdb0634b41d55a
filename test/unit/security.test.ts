import type { INodeProperties } from 'n8n-workflow';

import { path } from '../../nodes/Pocketsflow/api/request';
import { readPathId } from '../../nodes/Pocketsflow/fields/kinds/id';
import { Pocketsflow } from '../../nodes/Pocketsflow/Pocketsflow.node';
import { PocketsflowPollingTrigger } from '../../nodes/Pocketsflow/PocketsflowPollingTrigger.node';
import { PocketsflowTrigger } from '../../nodes/Pocketsflow/PocketsflowTrigger.node';

function listParameters(properties: readonly INodeProperties[]): INodeProperties[] {
	return properties.flatMap((property) => [
		property,
		...listParameters(
			(property.options ?? []).flatMap((option) =>
				'values' in option
					? option.values
					: 'displayName' in option && 'type' in option
						? [option]
						: [],
			),
		),
	]);
}

it.each([new Pocketsflow(), new PocketsflowTrigger(), new PocketsflowPollingTrigger()])(
	'$description.displayName has no parameter for a key or a secret, so no workflow holds one',
	({ description }) => {
		const parameters = listParameters(description.properties);
		expect(parameters.length).toBeGreaterThan(8);
		const forSecrets = parameters.filter(
			({ name, typeOptions }) =>
				typeOptions?.password || /secret|apiKey|password|authorization|baseUrl/i.test(name),
		);
		expect(forSecrets.map(({ name }) => name)).toEqual([]);
	},
);

it.each(['../webhooks', 'a/b', 'a?b=c', 'a#b', '%2e%2e', '\\..\\', 'a b'])(
	'the ID %j stays one segment of its path',
	(id) => {
		const { pathname, search, hash } = new URL(path`/products/${id}/variants`, 'https://host');
		const [, ...segments] = pathname.split('/');
		expect(segments).toHaveLength(3);
		expect(decodeURIComponent(segments[1])).toBe(id);
		expect(search + hash).toBe('');
	},
);

it.each(['.', '..', ' .. '])(
	'%j is not accepted as an ID, because it would change the path',
	(id) => {
		expect(() => readPathId('Product', id)).toThrow(`'Product' cannot be '${id.trim()}'`);
	},
);

import {
	NodeConnectionTypes,
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
} from 'n8n-workflow';

import { getAllFields } from './actions/operation';
import { buildProperties, buildSubtitle } from './actions/properties';
import { resources } from './actions/resources';
import { testPocketsflowApi } from './methods/credentialTest';
import { buildListSearch, buildLoadOptions } from './methods/pickerMethods';

const fields = resources.flatMap(({ operations }) => operations.flatMap(getAllFields));

export class Pocketsflow implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Pocketsflow',
		name: 'pocketsflow',
		icon: { light: 'file:pocketsflow.svg', dark: 'file:pocketsflow.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle: buildSubtitle(resources),
		description:
			'Sell digital products and subscriptions, and start workflows on orders and other events',
		defaults: { name: 'Pocketsflow' },
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		usableAsTool: true,
		credentials: [{ name: 'pocketsflowApi', required: true, testedBy: 'testPocketsflowApi' }],
		properties: buildProperties(resources),
	};

	methods = {
		credentialTest: { testPocketsflowApi },
		listSearch: buildListSearch(fields),
		loadOptions: buildLoadOptions(fields),
	};

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const { findOperation, runOperation } = await import('./actions/execute');
		const operation = findOperation(this, resources);
		return [await runOperation(this, operation, this.continueOnFail())];
	}
}

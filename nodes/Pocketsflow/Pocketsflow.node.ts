import {
	NodeConnectionTypes,
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
} from 'n8n-workflow';

import { chosenOperation, runOperation } from './actions/execute';
import { propertiesOf } from './actions/operation';
import { listSearch, loadOptions } from './methods/listSearch';
import { resources } from './actions/resources';

export class Pocketsflow implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Pocketsflow',
		name: 'pocketsflow',
		icon: { light: 'file:pocketsflow.svg', dark: 'file:pocketsflow.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle: '={{ $parameter["operation"] + ": " + $parameter["resource"] }}',
		description: 'Sell digital products and subscriptions with Pocketsflow',
		defaults: { name: 'Pocketsflow' },
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		usableAsTool: true,
		credentials: [{ name: 'pocketsflowApi', required: true }],
		properties: propertiesOf(resources),
	};

	methods = { listSearch, loadOptions };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const operation = chosenOperation(this, resources);
		return [await runOperation(this, operation, this.continueOnFail())];
	}
}

import { NodeHelpers, type INode, type INodeParameters } from 'n8n-workflow';

import { Pocketsflow } from '../../nodes/Pocketsflow/Pocketsflow.node';

const { description } = new Pocketsflow();

/** The parameters of a node as the editor leaves it: what was not set has its default. */
export function fillParameters(set: INodeParameters): INodeParameters {
	const node = createNode(set);
	const { properties } = description;
	return NodeHelpers.getNodeParameters(properties, set, true, false, node, description) ?? {};
}

/** The names of the parameters that the editor marks, given those that were set. */
export function listMarked(set: INodeParameters): string[] {
	const node = createNode(fillParameters(set));
	const issues = NodeHelpers.getNodeParametersIssues(description.properties, node, description);
	return Object.keys(issues?.parameters ?? {});
}

const createNode = (parameters: INodeParameters): INode => ({
	id: '1',
	name: 'Pocketsflow',
	type: 'test.pocketsflow',
	typeVersion: 1,
	position: [0, 0],
	parameters,
});

import {
	NodeOperationError,
	type IHookFunctions,
	type IPollFunctions,
	type IWebhookFunctions,
} from 'n8n-workflow';

import { InvalidInputError, refuseMissing, type Field } from './field';

export type TriggerContext = IHookFunctions | IPollFunctions | IWebhookFunctions;

/**
 * Reads a parameter of a trigger; undefined if it is not set. An expression that returns nothing is
 * refused: it must not disable a filter. @throws InvalidInputError
 */
export function readParameter<T>(
	context: TriggerContext,
	{ property: { name, displayName, required }, read }: Field<T>,
	path = name,
): T | undefined {
	const value = read(evaluate(context, displayName, path), context.getTimezone());
	if (value !== undefined) return value;
	const given = context.getNodeParameter(path, null, { rawExpressions: true });
	if (typeof given === 'string' && given.startsWith('='))
		throw refuseMissing(displayName, required ? 'Or choose from the list' : undefined);
	return undefined;
}

/** Reads a parameter of the Options collection in the same way. @throws InvalidInputError */
export const readOption = <T>(context: TriggerContext, field: Field<T>): T | undefined =>
	readParameter(context, field, `options.${field.property.name}`);

function evaluate(context: TriggerContext, displayName: string, path: string): unknown {
	try {
		return context.getNodeParameter(path, null);
	} catch (error) {
		throw toInputError(displayName, error);
	}
}

const toInputError = (displayName: string, error: unknown) =>
	new InvalidInputError(
		`Can't evaluate the expression in '${displayName}'`,
		error instanceof Error ? `n8n reported: ${error.message}` : 'Fix the expression.',
	);

/** What is wrong and what to do: n8n 2.x shows only the message of a trigger's error. */
export const describeInputError = (error: unknown): string =>
	error instanceof InvalidInputError
		? `${error.message}. ${error.description}`
		: 'The reason is unknown.';

/** The error for a parameter that can't be read, as n8n shows it. Any other error is returned unchanged. */
export const toParameterError = (context: TriggerContext, error: unknown): unknown =>
	error instanceof InvalidInputError
		? new NodeOperationError(context.getNode(), describeInputError(error))
		: error;

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import ts from 'typescript';

import { contract, resolveRef, type Schema } from '../../sandbox/contract/document';
import { endpoints, type EndpointName } from '../../sandbox/endpoints';

const file = join(__dirname, '..', '..', 'node_modules', 'pocketsflow', 'dist', 'index.d.ts');

const { statements } = ts.createSourceFile(
	file,
	readFileSync(file, 'utf8'),
	ts.ScriptTarget.Latest,
	true,
);

const interfaces = new Map(
	statements
		.filter(ts.isInterfaceDeclaration)
		.map((declaration) => [declaration.name.text, declaration]),
);

/** Types of the SDK and the schemas of the contract that stand for them, if the names differ. */
const schemaNames: Record<string, string> = {
	CreateProductParams: 'ProductCreate',
	UpdateProductParams: 'ProductUpdate',
	CreateVariantParams: 'VariantCreate',
	OrdersResponse: 'OrderPage',
	CreateDiscountParams: 'DiscountCreate',
	UpdateDiscountParams: 'DiscountUpdate',
	UpsellsResponse: 'UpsellList',
	CreateUpsellParams: 'UpsellCreate',
	UpdateUpsellParams: 'UpsellUpdate',
	ListSubscriptionsParams: 'MembershipQuery',
	CreateSubscriptionOfferParams: 'OfferCreate',
	CreateWebhookParams: 'WebhookCreate',
	UpdateWebhookParams: 'WebhookUpdate',
	UpdateUserParams: 'UserUpdate',
	CreateCheckoutParams: 'CheckoutCreate',
	CreateRefundParams: 'RefundCreate',
};

/** Parameters of the SDK that go into a query. */
const queries: Record<string, EndpointName> = {
	ListOrdersParams: 'orders.list',
	ListCustomersParams: 'customers.list',
	ListReviewsParams: 'reviews.list',
};

/** Types of the SDK that no request or answer has as such. */
const notOnTheWire = [
	'PocketsflowConfig',
	'PaginationParams',
	'PaginatedResponse',
	'DateRangeParams',
	// What the SDK throws: it reads `message`, else `error` (docs/pocketsflow-api.md#errors).
	'ApiError',
];

/** The fields of a type of the SDK, those that it extends included: a name and a type in words. */
function listSdkFields(name: string): Map<string, string> {
	const declaration = interfaces.get(name)!;
	const inherited = (declaration.heritageClauses ?? [])
		.flatMap(({ types }) => types.map((type) => listSdkFields(type.expression.getText())))
		.flatMap((fields) => [...fields]);
	const own = declaration.members.filter(ts.isPropertySignature).map((member) => {
		const isRequired = member.questionToken === undefined;
		const type = describeSdkType(member.type!);
		return [member.name.getText(), isRequired ? `${type}, required` : type] as [string, string];
	});
	return new Map([...inherited, ...own]);
}

function describeSdkType(type: ts.TypeNode): string {
	if (ts.isUnionTypeNode(type)) return type.types.map(describeSdkType).sort().join(' | ');
	if (ts.isArrayTypeNode(type)) return `${describeSdkType(type.elementType)}[]`;
	if (ts.isLiteralTypeNode(type) && ts.isStringLiteral(type.literal)) return type.literal.text;
	if (ts.isTypeLiteralNode(type)) return 'object';
	const text = type.getText();
	if (text.startsWith('Record<')) return 'object';
	return interfaces.has(text) ? 'object' : text;
}

function describeSchema(schema: Schema): string {
	const { type, enum: values, items } = resolveRef(contract, schema);
	if (values) return values.map(String).sort().join(' | ');
	if (type === 'array') return `${describeSchema(items ?? {})}[]`;
	const names = [type ?? 'any'].flat().map((name) => (name === 'integer' ? 'number' : name));
	return names.sort().join(' | ');
}

function listSchemaFields({ properties = {}, required = [] }: Schema): Map<string, string> {
	return new Map(
		Object.entries(properties).map(([name, schema]) => {
			const type = describeSchema(schema);
			return [name, required.includes(name) ? `${type}, required` : type];
		}),
	);
}

function findSchema(name: string): Schema | undefined {
	if (Object.hasOwn(queries, name)) return endpoints[queries[name]].query;
	const schemas = contract.components?.schemas as Record<string, Schema>;
	return schemas[schemaNames[name] ?? name];
}

const compared = [...interfaces.keys()].filter((name) => !notOnTheWire.includes(name));

describe('The contract in sandbox/openapi.yaml, next to the types of `pocketsflow@1.2.1`', () => {
	test('has a schema for every type that the SDK sends or receives', () => {
		expect(compared.length).toBeGreaterThan(30);
		expect(compared.filter((name) => findSchema(name) === undefined)).toEqual([]);
	});

	test('has every field with the type that the SDK gives it, but for these', () => {
		const differences = compared.flatMap((name) => {
			const ours = listSchemaFields(findSchema(name) ?? {});
			return [...listSdkFields(name)]
				.filter(([field, type]) => ours.get(field) !== type)
				.map(([field, type]) => `${name}.${field}: ${type} → ${ours.get(field) ?? 'missing'}`);
		});
		expect(differences).toEqual([
			// How an expiration is removed is undocumented; the node sends `null`.
			'UpdateDiscountParams.expiration: string → null | string',
			// Statuses that integrations in production expect.
			'Subscription.status: active | canceled | past_due | paused, required → active | canceled | incomplete | incomplete_expired | past_due | paused | trialing, required',
			// Shown at creation only (`secretOnGet`).
			'Webhook.secret: string, required → string',
			// See the test of event names.
			'CreateWebhookParams.events: WebhookEvent[], required → string[], required',
			// Optional in the integration guide (`redirectUrlsRequired`).
			'CreateCheckoutParams.successUrl: string, required → string',
			'CreateCheckoutParams.cancelUrl: string, required → string',
		]);
	});

	test('knows the event names of the SDK, and the one that it lacks', () => {
		const union = statements.filter(ts.isTypeAliasDeclaration)[0];
		expect(union.name.text).toBe('WebhookEvent');
		const names = describeSdkType(union.type).split(' | ');
		const { 'x-known': known } = findSchema('EventName') as { 'x-known': string[] };
		expect([...known].sort()).toEqual([...names, 'customer.subscription.created'].sort());
	});

	test('asks for no field that the SDK need not send', () => {
		const demanded = compared
			.filter((name) => /Params$/.test(name))
			.flatMap((name) => {
				const sent = listSdkFields(name);
				return (findSchema(name)?.required ?? [])
					.filter((field) => !sent.get(field)?.endsWith(', required'))
					.map((field) => `${name}.${field}`);
			});
		expect(demanded).toEqual([]);
	});
});

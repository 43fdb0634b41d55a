import type { Locator, Page } from 'playwright-core';

/** What a user does in n8n's editor. All of it waits for what it needs. */

export const byTestId = (page: Page | Locator, id: string) =>
	page.locator(`[data-test-id="${id}"]`);

/** Opens the form of a new credential of a type, by its name in the list. */
export async function openNewCredential(page: Page, url: string, type: string): Promise<void> {
	await page.goto(`${url}/home/credentials/create`);
	await byTestId(page, 'new-credential-type-select').locator('input').fill(type);
	await byTestId(page, 'new-credential-type-select-option')
		.filter({ hasText: type })
		.first()
		.click();
	await byTestId(page, 'new-credential-type-button').click();
	await byTestId(page, 'credential-edit-dialog').waitFor();
}

/** Types into a parameter of the panel or form that is open. */
export async function fillParameter(page: Page, name: string, value: string): Promise<void> {
	const input = byTestId(page, `parameter-input-${name}`).locator('input, textarea').first();
	await input.fill(value);
}

/** Saves the credential that is open, and returns what n8n says of it, with the details of a failure. */
export async function saveCredential(page: Page): Promise<string> {
	await byTestId(page, 'credential-save-button').click();
	const form = byTestId(page, 'node-credentials-config-container');
	await form
		.getByText(/Connection tested successfully|Couldn.t connect/)
		.first()
		.waitFor({ timeout: 60_000 });
	const details = form.getByText('More details').first();
	if (await details.isVisible()) await details.click();
	return (await form.innerText()).split('The key is at Pocketsflow')[0];
}

/** Whether the panel of nodes finds a node, by its name, for a text. */
export async function findsNode(page: Page, text: string, name: string): Promise<boolean> {
	const search = byTestId(page, 'node-creator-search-bar');
	if (!(await search.isVisible())) await page.keyboard.press('n');
	const node = byTestId(page, 'node-creator-item-name').filter({ hasText: name }).first();
	// What the text before it found is to be gone.
	await search.fill('no node has this name');
	await node.waitFor({ state: 'hidden' });
	await search.fill(text);
	return await node.waitFor({ timeout: 5_000 }).then(
		() => true,
		() => false,
	);
}

/** Runs the node whose panel is open, waits until its output or error shows a text, and returns all of it. */
export async function executeNode(page: Page, shown: RegExp | string): Promise<string> {
	await byTestId(page, 'node-execute-button').first().click();
	const output = byTestId(page, 'output-panel');
	await output.getByText(shown).first().waitFor({ timeout: 30_000 });
	const text = await output.innerText();
	// The output is there before n8n ends the execution, and n8n does not begin another until then.
	await byTestId(page, 'stop-execution-button').waitFor({ state: 'hidden', timeout: 30_000 });
	return text;
}

/** Opens the panel of a node of the workflow that is open. */
export async function openNode(page: Page, name: string): Promise<void> {
	await page.locator(`[data-test-id=canvas-node][data-node-name="${name}"]`).dblclick();
	await byTestId(page, 'node-parameters').first().waitFor();
}

/** Closes it. */
export async function closeNode(page: Page): Promise<void> {
	await byTestId(page, 'ndv-close-button').first().click();
	await byTestId(page, 'node-parameters').first().waitFor({ state: 'hidden' });
}

/** Opens a workflow and waits until its canvas is there. */
export async function openWorkflow(page: Page, url: string, id: string): Promise<void> {
	await page.goto(`${url}/workflow/${id}`);
	await byTestId(page, 'canvas-node').first().waitFor({ timeout: 60_000 });
	const hints = byTestId(page, 'suggested-actions-close').first();
	if (await hints.isVisible()) await hints.click();
	await byTestId(page, 'zoom-to-fit').click();
}

// Opens the page of the API at process.argv[2] in the Chromium at process.argv[3], opens an operation, and prints as JSON what it saw.
const { chromium } = require("playwright-core");

(async () => {
  const [, , url, executablePath] = process.argv;
  const browser = await chromium.launch({
    executablePath, // its profile is a fresh one
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
  });
  try {
    const page = await browser.newPage();
    const seen = { complaints: [], violations: [], elsewhere: [], paths: [] };
    page.on("console", (m) => ["error", "warning"].includes(m.type()) && seen.complaints.push(m.text()));
    page.on("pageerror", (e) => seen.complaints.push(String(e)));
    page.on("request", (r) => /^https?:/.test(r.url()) && !r.url().startsWith(new URL(url).origin + "/") && seen.elsewhere.push(r.url()));
    await page.exposeFunction("violated", (what) => seen.violations.push(what));
    await page.addInitScript(() =>
      document.addEventListener("securitypolicyviolation", (e) => window.violated(e.violatedDirective + " " + e.blockedURI)));
    await page.goto(url);
    const operation = page.locator("#operations-default-createAccessToken");
    await operation.waitFor({ timeout: 30000 });
    seen.paths = await page.locator("[data-path]").evaluateAll((all) => all.map((e) => e.getAttribute("data-path")));
    await operation.locator("button.opblock-summary-control").click();
    await operation.getByText("code_verifier").first().waitFor();
    seen.title = await page.title();

    // The page can ask the API, with the token that is typed into it.
    await page.locator("button.authorize").first().click();
    await page.locator(".auth-container input").fill(process.argv[4]);
    await page.locator(".auth-btn-wrapper button.authorize").click();
    await page.locator(".auth-btn-wrapper button.btn-done").click();
    const list = page.locator("#operations-default-listTemplates");
    await list.locator("button.opblock-summary-control").click();
    await list.locator("button.try-out__btn").click();
    await list.locator("button.execute").click();
    seen.status = (await list.locator(".live-responses-table tbody .response-col_status").first().innerText()).trim();
    console.log(JSON.stringify(seen));
  } finally {
    await browser.close();
  }
})().catch((e) => {
  console.error(e);
  process.exitCode = 1;
});

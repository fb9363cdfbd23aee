// Addresses are relative, so that the page works behind a proxy that puts the door below a path. No validator: it would be asked over the internet.
SwaggerUIBundle({ url: "openapi.json", dom_id: "#api", validatorUrl: null, deepLinking: true });

import { Eye, EyeOff } from "lucide-react";
import { useState, type ComponentProps } from "react";
import { Field } from "@/components/ui/field";
import { IconButton } from "@/components/ui/icon-button";

type PasswordFieldProps = Omit<ComponentProps<typeof Field>, "type" | "action">;

export function PasswordField(props: PasswordFieldProps) {
  const [shown, setShown] = useState(false);
  const Icon = shown ? EyeOff : Eye;
  return (
    <Field
      {...props}
      type={shown ? "text" : "password"}
      autoCapitalize="none"
      spellCheck={false}
      action={
        <IconButton
          label={shown ? "Hide the password" : "Show the password"}
          icon={<Icon className="size-4.5" aria-hidden="true" />}
          size="small"
          onClick={() => setShown(!shown)}
        />
      }
    />
  );
}
